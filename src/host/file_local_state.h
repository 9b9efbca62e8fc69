// LocalState in files of the run directory (host/run_directory.h), and the cache of the dynamic configuration in the
// data directory. Engine thread; the file work is on the pool, one save at a time, and a save that was given up and
// hangs can not overwrite a newer one. A document that cannot be read is an error: only an absent one is nullopt (S6).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "host/blocking_pool.h"
#include "ports/local_state.h"

namespace tamada {

class FileLocalState final : public LocalState {
 public:
  // Limit of one load or save.
  static constexpr Duration kLimit = 5s;

  struct Paths {
    std::string run_directory;
    std::string data_dir;
  };
  FileLocalState(Clock& clock, BlockingPool& pool, Paths paths);
  ~FileLocalState() override;

  Task<Result<std::optional<AdoptionRecord>>> load_adoption() override;
  Task<Result<void>> save_adoption(std::optional<AdoptionRecord> record) override;
  Task<Result<std::optional<PromotionNote>>> load_promotion_note() override;
  Task<Result<void>> save_promotion_note(std::optional<PromotionNote> note) override;
  Task<Result<std::optional<WorkNote>>> load_work_note() override;
  Task<Result<void>> save_work_note(std::optional<WorkNote> note) override;
  Task<Result<std::optional<PromiseRecord>>> load_promise() override;
  Task<Result<void>> save_promise(PromiseRecord record) override;
  Task<Result<std::optional<SoundSlots>>> load_sound_slots() override;
  Task<Result<void>> save_sound_slots(SoundSlots slots) override;
  Task<Result<std::optional<StoreMark>>> load_store_mark() override;
  Task<Result<void>> save_store_mark(StoreMark mark) override;
  Task<Result<std::optional<ScheduledRestart>>> load_scheduled_restart() override;
  Task<Result<void>> save_scheduled_restart(std::optional<ScheduledRestart> restart) override;
  Task<Result<std::optional<json::object>>> load_dynamic_cache() override;
  // Nothing is written into a directory that holds no cluster (it must stay empty for a bootstrap or a clone).
  Task<Result<void>> save_dynamic_cache(json::object document) override;
  std::string boot_id() const override { return boot_id_; }

 private:
  struct Order;
  Task<Result<std::optional<std::string>>> load(std::string path);
  Task<Result<void>> save(std::string path, std::optional<std::string> content);

  Clock& clock_;
  BlockingPool& pool_;
  Paths paths_;
  std::string boot_id_;
  std::shared_ptr<Order> order_;
};

}  // namespace tamada
