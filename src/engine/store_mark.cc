#include "engine/store_mark.h"

namespace tamada {

namespace {
// The same store says only how far it has come: enough for one that was restored from an older backup.
constexpr Duration kSaveGap = 5min;
constexpr Duration kRetryGap = 10s;
}  // namespace

Task<void> StoreMarkKeeper::load() {
  Result<std::optional<StoreMark>> mark = co_await state_.ports.local.load_store_mark();
  if (!mark) state_.log.warning("which store was used before could not be read: {}", mark.error().text());
  if (!mark || !*mark) co_return;
  kept_ = **mark;
  const auto& control = state_.postgres.control;
  // Another cluster's, or the directory was emptied since: then the store may be a new one as well.
  if (!control || control->system_identifier != kept_.system_identifier) co_return;
  state_.memory.store_id = kept_.store_id;
  state_.memory.store_revision = kept_.revision;
}

void StoreMarkKeeper::look() {
  const Memory& memory = state_.memory;
  const auto& control = state_.postgres.control;
  if (saving_ || !control || !memory.saw_fresh_view || memory.store_went_back || !memory.store_id) return;
  StoreMark mark{*memory.store_id, memory.store_revision, control->system_identifier};
  const Instant now = state_.ports.clock.now();
  const bool same = mark.store_id == kept_.store_id && mark.system_identifier == kept_.system_identifier;
  if (same && (mark.revision == kept_.revision || now < kept_at_ + kSaveGap)) return;
  if (now < kept_at_ + kRetryGap) return;
  saving_ = true;
  kept_at_ = now;
  tasks_.spawn(save(std::move(mark)));
}

Task<void> StoreMarkKeeper::save(StoreMark mark) {
  Result<void> saved = co_await state_.ports.local.save_store_mark(mark);
  saving_ = false;
  if (saved) {
    kept_ = std::move(mark);
  } else {
    state_.log.warning("which store is used could not be written down: {}", saved.error().text());
  }
}

}  // namespace tamada
