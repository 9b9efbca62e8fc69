#include "host/file_local_state.h"

#include <sys/stat.h>

#include <map>
#include <mutex>

#include "base/text.h"
#include "host/files.h"
#include "host/local_state_codec.h"

namespace tamada {

namespace {

constexpr mode_t kPrivate = 0600;
constexpr const char* kCacheName = "patroni.dynamic.json";

mode_t cache_mode(const std::string& data_dir) {
  struct stat info;
  if (::stat(data_dir.c_str(), &info) != 0) return kPrivate;
  return (info.st_mode & 0050) == 0050 ? 0640 : kPrivate;
}

template <class T, class Parse>
Result<std::optional<T>> parsed(const Result<std::optional<std::string>>& text, const std::string& what, Parse parse) {
  if (!text) return text.error();
  if (!*text) return std::optional<T>();
  Result<T> value = parse(**text);
  if (!value) return value.error().wrap(what + " cannot be read");
  return std::optional<T>(std::move(*value));
}

Result<json::object> parse_cache(std::string_view text) {
  auto value = parse_json(text);
  if (!value) return value.error();
  if (!value->is_object()) return Error(ErrorCode::Invalid, "the document is no JSON object");
  return std::move(value->as_object());
}

}  // namespace

struct FileLocalState::Order {
  std::mutex writing;  // held on pool threads while they write; they may hang, so the engine never takes it
  std::mutex mutex;    // guards `newest`, never held for longer than a look
  std::map<std::string, std::uint64_t> newest;  // by path; a save with an older number writes nothing

  bool is_newest(const std::string& path, std::uint64_t number) {
    std::lock_guard lock(mutex);
    return newest[path] == number;
  }
};

FileLocalState::FileLocalState(Clock& clock, BlockingPool& pool, Paths paths)
    : clock_(clock), pool_(pool), paths_(std::move(paths)), order_(std::make_shared<Order>()) {
  if (auto id = read_file("/proc/sys/kernel/random/boot_id", 256)) boot_id_ = trim(*id);
}

FileLocalState::~FileLocalState() = default;

Task<Result<std::optional<std::string>>> FileLocalState::load(std::string path) {
  auto work = [path] { return read_file_if_exists(path); };
  co_return co_await pool_.run("reading " + path, work, clock_.now() + kLimit);
}

Task<Result<void>> FileLocalState::save(std::string path, std::optional<std::string> content) {
  std::uint64_t mine = 0;
  {
    std::lock_guard lock(order_->mutex);
    mine = ++order_->newest[path];
  }
  auto work = [order = order_, path, content, mine]() -> Result<void> {
    std::lock_guard lock(order->writing);
    if (!order->is_newest(path, mine)) return Error(ErrorCode::Cancelled, "a newer save of " + path + " came first");
    if (content)
      return write_file_atomic(path, *content, path.ends_with(kCacheName) ? cache_mode(parent_path(path)) : kPrivate);
    if (auto removed = remove_file(path); !removed) return removed;
    return sync_directory(parent_path(path));
  };
  co_return co_await pool_.run("writing " + path, work, clock_.now() + kLimit);
}

Task<Result<std::optional<AdoptionRecord>>> FileLocalState::load_adoption() {
  const std::string path = join_path(paths_.run_directory, "adoption.json");
  co_return parsed<AdoptionRecord>(co_await load(path), path, parse_adoption);
}

Task<Result<void>> FileLocalState::save_adoption(std::optional<AdoptionRecord> record) {
  std::optional<std::string> text;
  if (record) text = format_adoption(*record);
  co_return co_await save(join_path(paths_.run_directory, "adoption.json"), std::move(text));
}

Task<Result<std::optional<PromotionNote>>> FileLocalState::load_promotion_note() {
  const std::string path = join_path(paths_.run_directory, "promotion.json");
  co_return parsed<PromotionNote>(co_await load(path), path, parse_promotion_note);
}

Task<Result<void>> FileLocalState::save_promotion_note(std::optional<PromotionNote> note) {
  std::optional<std::string> text;
  if (note) text = format_promotion_note(*note);
  co_return co_await save(join_path(paths_.run_directory, "promotion.json"), std::move(text));
}

Task<Result<std::optional<WorkNote>>> FileLocalState::load_work_note() {
  const std::string path = join_path(paths_.run_directory, "work.json");
  co_return parsed<WorkNote>(co_await load(path), path, parse_work_note);
}

Task<Result<void>> FileLocalState::save_work_note(std::optional<WorkNote> note) {
  std::optional<std::string> text;
  if (note) text = format_work_note(*note);
  co_return co_await save(join_path(paths_.run_directory, "work.json"), std::move(text));
}

Task<Result<std::optional<PromiseRecord>>> FileLocalState::load_promise() {
  const std::string path = join_path(paths_.run_directory, "promise.json");
  co_return parsed<PromiseRecord>(co_await load(path), path, parse_promise);
}

Task<Result<void>> FileLocalState::save_promise(PromiseRecord record) {
  co_return co_await save(join_path(paths_.run_directory, "promise.json"), format_promise(record));
}

Task<Result<std::optional<SoundSlots>>> FileLocalState::load_sound_slots() {
  const std::string path = join_path(paths_.run_directory, "slots.json");
  co_return parsed<SoundSlots>(co_await load(path), path, parse_sound_slots);
}

Task<Result<void>> FileLocalState::save_sound_slots(SoundSlots slots) {
  co_return co_await save(join_path(paths_.run_directory, "slots.json"), format_sound_slots(slots));
}

Task<Result<std::optional<StoreMark>>> FileLocalState::load_store_mark() {
  const std::string path = join_path(paths_.run_directory, "store.json");
  co_return parsed<StoreMark>(co_await load(path), path, parse_store_mark);
}

Task<Result<void>> FileLocalState::save_store_mark(StoreMark mark) {
  co_return co_await save(join_path(paths_.run_directory, "store.json"), format_store_mark(mark));
}

Task<Result<std::optional<ScheduledRestart>>> FileLocalState::load_scheduled_restart() {
  const std::string path = join_path(paths_.run_directory, "restart.json");
  co_return parsed<ScheduledRestart>(co_await load(path), path, parse_scheduled_restart);
}

Task<Result<void>> FileLocalState::save_scheduled_restart(std::optional<ScheduledRestart> restart) {
  std::optional<std::string> text;
  if (restart) text = to_json(format_scheduled_restart(*restart, Compatibility::V4_1), JsonStyle::Compact);
  co_return co_await save(join_path(paths_.run_directory, "restart.json"), std::move(text));
}

Task<Result<std::optional<json::object>>> FileLocalState::load_dynamic_cache() {
  const std::string path = join_path(paths_.data_dir, kCacheName);
  co_return parsed<json::object>(co_await load(path), path, parse_cache);
}

Task<Result<void>> FileLocalState::save_dynamic_cache(json::object document) {
  auto look = [path = join_path(paths_.data_dir, "PG_VERSION")]() -> Result<bool> { return path_exists(path); };
  auto cluster = co_await pool_.run("looking at " + paths_.data_dir, look, clock_.now() + kLimit);
  if (!cluster) co_return cluster.error();
  if (!*cluster) co_return Result<void>();
  co_return co_await save(join_path(paths_.data_dir, kCacheName), to_json(document, JsonStyle::Spaced));
}

}  // namespace tamada
