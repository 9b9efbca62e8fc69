#include "net/resolver.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include "net/timed_wait.h"

namespace tamada {

namespace asio = boost::asio;

namespace {

// A success younger than this is answered as it is; an older one is answered too, but asked for again behind the
// scenes.
constexpr Duration kFresh = 60s;
// Older than this, a caller waits a little for the new answer before it gets the old one.
constexpr Duration kOld = 600s;
constexpr Duration kWaitForNewer = 250ms;
constexpr Duration kTrustAtLeast = 1s;  // even when the addresses did not work
constexpr Duration kFailureKept = 5s;   // a name that did not resolve is not asked for again sooner
constexpr std::size_t kThreads = 4;
constexpr std::size_t kMaxNames = 1000;

// Threads that run blocking jobs. They keep this object alive; closing it makes their results go nowhere.
class Workers : public std::enable_shared_from_this<Workers> {
 public:
  explicit Workers(Executor executor) : executor_(std::move(executor)) {}

  // `job` runs on some thread, then what it returned runs on the executor, unless closed by then.
  void run(std::function<std::function<void()>()> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (idle_ > 0) {
      wake_.notify_one();
    } else if (threads_ < kThreads) {
      ++threads_;
      std::thread([self = shared_from_this()] { self->work(); }).detach();
    }
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    jobs_.clear();
    wake_.notify_all();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (!closed_) {
      if (jobs_.empty()) {
        ++idle_;
        wake_.wait(lock);
        --idle_;
        continue;
      }
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      auto done = job();
      job = nullptr;
      lock.lock();
      // Under the lock: after close() the executor may be gone.
      if (!closed_) asio::post(executor_, std::move(done));
    }
  }

  Executor executor_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<std::function<void()>()>> jobs_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
  bool closed_ = false;
};

// What is known about the names of one kind (addresses or service records).
template <class T>
class NameCache {
 public:
  using Lookup = std::function<Result<std::vector<T>>(const std::string&)>;

  NameCache(Executor executor, std::function<Instant()> now, std::shared_ptr<Workers> workers, Lookup lookup)
      : executor_(executor), now_(std::move(now)), workers_(std::move(workers)), lookup_(std::move(lookup)) {}

  static Task<Result<std::vector<T>>> get(std::shared_ptr<NameCache> self, std::string name, Instant deadline) {
    std::shared_ptr<Entry> entry = self->entry_of(name);
    const Instant now = self->now_();
    const Duration age = entry->known ? now - entry->known_at : Duration::max();
    if (entry->known && age < (entry->distrusted ? kTrustAtLeast : kFresh)) co_return *entry->known;
    const bool running_already = entry->running;
    if (!entry->running && (!entry->failure || now - entry->failed_at >= kFailureKept)) self->start(name, entry);
    if (entry->known) {
      // Whoever finds a look-up under way already does not wait again: the name servers are slow.
      if (age < kOld || running_already || !entry->running) co_return *entry->known;
      deadline = std::min(deadline, now + kWaitForNewer);
    }
    while (entry->running) {
      if (!co_await wait_until(self->executor_, entry->ended, deadline - self->now_())) break;
    }
    if (entry->known) co_return *entry->known;
    if (!entry->running && entry->failure) co_return *entry->failure;
    co_return Error(ErrorCode::Timeout, fmt::format("name {} not resolved in time", name));
  }

  void distrust(const std::string& name) {
    auto it = entries_.find(name);
    if (it != entries_.end()) it->second->distrusted = true;
  }

 private:
  struct Entry {
    explicit Entry(Executor executor) : ended(std::move(executor)) {}
    std::optional<std::vector<T>> known;
    Instant known_at = kLongAgo;
    std::optional<Error> failure;  // of the last look-up
    Instant failed_at = kLongAgo;
    bool distrusted = false;
    bool running = false;
    WaitList ended;
  };

  std::shared_ptr<Entry> entry_of(const std::string& name) {
    if (entries_.size() >= kMaxNames && !entries_.contains(name)) forget_one();
    std::shared_ptr<Entry>& entry = entries_[name];
    if (!entry) entry = std::make_shared<Entry>(executor_);
    return entry;
  }

  void forget_one() {
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->second->running) continue;
      entries_.erase(it);
      return;
    }
  }

  void start(const std::string& name, const std::shared_ptr<Entry>& entry) {
    entry->running = true;
    entry->distrusted = false;
    workers_->run([lookup = lookup_, now = now_, name, entry]() -> std::function<void()> {
      auto answer = std::make_shared<Result<std::vector<T>>>(lookup(name));
      return [now, entry, answer] { finish(*entry, std::move(*answer), now()); };
    });
  }

  static void finish(Entry& entry, Result<std::vector<T>> answer, Instant now) {
    entry.running = false;
    if (answer) {
      entry.known = std::move(*answer);
      entry.known_at = now;
      entry.failure.reset();
    } else {
      entry.failure = answer.error();
      entry.failed_at = now;
    }
    entry.ended.resume_all();
  }

  Executor executor_;
  std::function<Instant()> now_;
  std::shared_ptr<Workers> workers_;
  Lookup lookup_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace

struct SystemResolver::Impl {
  Impl(Executor executor, const std::function<Instant()>& now, NameLookups lookups)
      : workers(std::make_shared<Workers>(executor)),
        addresses(std::make_shared<NameCache<std::string>>(executor, now, workers, std::move(lookups.addresses))),
        services(std::make_shared<NameCache<SrvRecord>>(executor, now, workers, std::move(lookups.services))) {}
  ~Impl() { workers->close(); }

  std::shared_ptr<Workers> workers;
  std::shared_ptr<NameCache<std::string>> addresses;
  std::shared_ptr<NameCache<SrvRecord>> services;
};

SystemResolver::SystemResolver(Executor executor, std::function<Instant()> now, NameLookups lookups)
    : impl_(std::make_shared<Impl>(std::move(executor), now, std::move(lookups))) {}

SystemResolver::~SystemResolver() {
  impl_->workers->close();
}

Task<Result<std::vector<std::string>>> SystemResolver::resolve(std::string host, Instant deadline) {
  if (is_numeric_host(host)) co_return std::vector<std::string>{std::move(host)};
  auto cache = impl_->addresses;
  co_return co_await NameCache<std::string>::get(cache, std::move(host), deadline);
}

Task<Result<std::vector<SrvRecord>>> SystemResolver::resolve_srv(std::string name, Instant deadline) {
  auto cache = impl_->services;
  co_return co_await NameCache<SrvRecord>::get(cache, std::move(name), deadline);
}

void SystemResolver::distrust(const std::string& host) {
  impl_->addresses->distrust(host);
}

}  // namespace tamada
