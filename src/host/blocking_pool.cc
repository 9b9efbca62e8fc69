#include "host/blocking_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/async.h"
#include "ports/deadline.h"

namespace tamada {

namespace {

// Shared by the coroutine and the thread. `done` is touched on the coroutine's executor only.
struct Job {
  Job(Executor ex, std::function<void()> w) : executor(ex), work(std::move(w)), done(ex) {}
  Executor executor;
  std::function<void()> work;
  AsyncEvent done;
  bool abandoned = false;  // guarded by State::mutex: nobody waits any more
};

}  // namespace

struct BlockingPool::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable ended;
  std::deque<std::shared_ptr<Job>> queue;
  int threads = 0;
  int idle = 0;
  bool closed = false;

  void work_loop();
  void finish(const std::shared_ptr<Job>& job);
};

void BlockingPool::State::work_loop() {
  std::unique_lock lock(mutex);
  for (;;) {
    ++idle;
    wake.wait(lock, [this] { return closed || !queue.empty(); });
    --idle;
    if (closed) break;
    auto job = std::move(queue.front());
    queue.pop_front();
    if (job->abandoned) continue;
    lock.unlock();
    job->work();
    lock.lock();
    finish(job);
  }
  --threads;
  ended.notify_all();
}

// The mutex is held: after the destructor set `closed`, no executor of a caller is touched.
void BlockingPool::State::finish(const std::shared_ptr<Job>& job) {
  if (closed || job->abandoned) return;
  boost::asio::post(job->executor, [job] { job->done.set(); });
}

BlockingPool::BlockingPool(Clock& clock) : clock_(clock), state_(std::make_shared<State>()) {}

BlockingPool::~BlockingPool() {
  std::unique_lock lock(state_->mutex);
  state_->closed = true;
  state_->queue.clear();
  state_->wake.notify_all();
  // Idle threads end at once; the limit is for those that hang in the kernel.
  state_->ended.wait_for(lock, std::chrono::milliseconds(200), [this] { return state_->threads == 0; });
}

int BlockingPool::busy_threads() const {
  std::lock_guard lock(state_->mutex);
  return state_->threads - state_->idle;
}

Task<Result<void>> BlockingPool::run_erased(std::string what, std::function<void()> work, Instant deadline) {
  auto job = std::make_shared<Job>(co_await boost::asio::this_coro::executor, std::move(work));
  {
    std::lock_guard lock(state_->mutex);
    state_->queue.push_back(job);
    if (state_->idle < static_cast<int>(state_->queue.size()) && state_->threads < kMaxThreads) {
      ++state_->threads;
      std::thread([state = state_] { state->work_loop(); }).detach();
    }
  }
  state_->wake.notify_one();
  // Runs also when the coroutine is cancelled or destroyed: the thread then posts nothing.
  struct Abandon {
    std::shared_ptr<State> state;
    std::shared_ptr<Job> job;
    ~Abandon() {
      std::lock_guard lock(state->mutex);
      job->abandoned = true;
    }
  } abandon{state_, job};
  const bool in_time = co_await with_deadline(clock_, deadline, job->done.wait());
  if (!in_time) co_return Error(ErrorCode::Timeout, what + " did not end in time", "the storage may be hanging");
  co_return Result<void>();
}

}  // namespace tamada
