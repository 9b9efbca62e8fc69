#include "host/log_sink.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "host/heartbeat_filter.h"
#include "host/log_file.h"
#include "host/log_format.h"
#include "host/log_levels.h"

namespace tamada {

namespace {

constexpr auto kFlushLimit = std::chrono::seconds(2);

struct Configuration {
  LogLevels levels;
  LogFormat format;
  std::string directory;  // empty = stderr
  LogFile::Limits limits;
  std::size_t queue_size = 1000;
  bool deduplicate = false;
};

WallTime wall_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

void write_to_stderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, line.data(), line.size());
    if (n <= 0) return;  // nobody reads; the log must not end the daemon
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

Result<LogFormat> make_format(const LogSettings& settings) {
  if (settings.type == "json") return LogFormat::as_json(settings.format, settings.dateformat, settings.static_fields);
  if (settings.format.is_null()) return LogFormat::plain(kDefaultLogFormat, settings.dateformat);
  if (settings.format.is_string())
    return LogFormat::plain(std::string_view(settings.format.as_string()), settings.dateformat);
  return LogFormat::plain(kDefaultLogFormat, settings.dateformat);
}

}  // namespace

struct QueuedLogSink::State {
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable written;
  std::shared_ptr<const Configuration> configuration = std::make_shared<Configuration>();
  std::deque<LogRecord> queue;
  std::uint64_t pushed = 0;
  std::uint64_t done = 0;
  std::uint64_t lost = 0;
  bool closed = false;
  bool ended = false;
  const WallTime started = wall_now();

  // Of the writer thread only.
  HeartbeatFilter filter;
  std::optional<LogFile> file;

  void run();
  void emit(const LogRecord& record, const Configuration& how);
  void put(LogRecord record, const Configuration& how);
  void report_lost(std::uint64_t count, const Configuration& how);
};

void QueuedLogSink::State::emit(const LogRecord& record, const Configuration& how) {
  const std::string line = how.format.render(record) + "\n";
  if (how.directory.empty()) {
    file.reset();
    write_to_stderr(line);
    return;
  }
  // Another directory takes effect at a restart only, as documented.
  if (!file) file.emplace(how.directory);
  file->set_limits(how.limits);
  if (auto written = file->write(line); !written) write_to_stderr(line);
}

void QueuedLogSink::State::put(LogRecord record, const Configuration& how) {
  const bool reduce = how.levels.root() == LogLevel::Info;
  for (const LogRecord& ready : filter.pass(std::move(record), reduce, how.deduplicate)) emit(ready, how);
}

void QueuedLogSink::State::report_lost(std::uint64_t count, const Configuration& how) {
  LogRecord record;
  record.time = wall_now();
  record.started = started;
  record.level = LogLevel::Warning;
  record.component = "log";
  record.text = fmt::format("QueueHandler has lost {} log records", count);
  record.process = ::getpid();
  put(std::move(record), how);
}

void QueuedLogSink::State::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    wake.wait(lock, [this] { return closed || !queue.empty(); });
    if (queue.empty()) break;
    LogRecord record = std::move(queue.front());
    queue.pop_front();
    const std::uint64_t missing = std::exchange(lost, 0);
    auto how = configuration;
    lock.unlock();
    put(std::move(record), *how);
    if (missing > 0) report_lost(missing, *how);
    lock.lock();
    ++done;
    written.notify_all();
  }
  if (auto held = filter.take_held()) emit(*held, *configuration);
  ended = true;
  written.notify_all();
}

QueuedLogSink::QueuedLogSink() : state_(std::make_shared<State>()) {
  std::thread([state = state_] { state->run(); }).detach();
}

QueuedLogSink::~QueuedLogSink() {
  std::unique_lock lock(state_->mutex);
  state_->closed = true;
  state_->wake.notify_all();
  state_->written.wait_for(lock, kFlushLimit, [this] { return state_->ended; });
}

Result<void> QueuedLogSink::update_settings(const LogSettings& settings) {
  auto levels = LogLevels::make(settings.level, settings.loggers);
  if (!levels) return levels.error();
  auto format = make_format(settings);
  if (!format) return format.error();
  auto next = std::make_shared<Configuration>();
  next->levels = std::move(*levels);
  next->format = std::move(*format);
  next->directory = settings.dir;
  next->limits = {settings.file_size, settings.file_num, settings.mode};
  next->queue_size = static_cast<std::size_t>(std::max(settings.max_queue_size, 1));
  next->deduplicate = settings.deduplicate_heartbeat_logs;
  std::lock_guard lock(state_->mutex);
  state_->configuration = std::move(next);
  return {};
}

bool QueuedLogSink::enabled(LogLevel level, std::string_view component) const {
  std::lock_guard lock(state_->mutex);
  return level >= state_->configuration->levels.level_of(component);
}

void QueuedLogSink::write(LogLevel level, std::string_view component, std::string text) {
  LogRecord record;
  record.time = wall_now();
  record.started = state_->started;
  record.level = level;
  record.component = component;
  record.text = std::move(text);
  record.process = ::getpid();
  record.thread = std::hash<std::thread::id>()(std::this_thread::get_id()) >> 1;
  std::lock_guard lock(state_->mutex);
  if (state_->queue.size() >= state_->configuration->queue_size) {
    ++state_->lost;
    return;
  }
  state_->queue.push_back(std::move(record));
  ++state_->pushed;
  state_->wake.notify_one();
}

bool QueuedLogSink::flush() {
  std::unique_lock lock(state_->mutex);
  const std::uint64_t target = state_->pushed;
  return state_->written.wait_for(lock, kFlushLimit, [this, target] { return state_->done >= target; });
}

}  // namespace tamada
