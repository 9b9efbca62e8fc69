// An engine for tests of what stands in front of it: snapshots are set by the test, requests are kept and answered on a
// thread of its own, as the real one does.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/facade.h"
#include "support/snapshot_builder.h"

namespace tamada::test {

class EngineFake final : public EngineFacade {
 public:
  using Done = std::function<void(OperatorReply)>;
  // Runs on the engine's thread; may keep `done` for ever (a hung engine).
  using Behaviour = std::function<void(const OperatorRequest&, const Done&)>;

  explicit EngineFake(Behaviour behaviour = [](const OperatorRequest&, const Done& done) { done({200, ""}); })
      : behaviour_(std::move(behaviour)), thread_([this] { run(); }) {}
  ~EngineFake() override {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  void publish(const SnapshotBuilder& builder) { set(builder.build()); }
  void set(std::shared_ptr<const Snapshot> snapshot) {
    std::lock_guard lock(mutex_);
    snapshot_ = std::move(snapshot);
  }
  void set_now(Instant now) { now_ = now; }
  void behave(Behaviour behaviour) {
    std::lock_guard lock(mutex_);
    behaviour_ = std::move(behaviour);
  }
  template <class T>
  std::vector<T> requests() const {
    std::lock_guard lock(mutex_);
    std::vector<T> out;
    for (const auto& request : seen_) {
      if (const T* one = std::get_if<T>(&request)) out.push_back(*one);
    }
    return out;
  }

  std::shared_ptr<const Snapshot> snapshot() const override {
    std::lock_guard lock(mutex_);
    return snapshot_;
  }
  void submit(OperatorRequest request, Done done) override {
    {
      std::lock_guard lock(mutex_);
      seen_.push_back(request);
      queue_.emplace_back(std::move(request), std::move(done));
    }
    wake_.notify_all();
  }
  Instant now() const override { return now_.load(); }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      if (ending_) return;
      auto [request, done] = std::move(queue_.front());
      queue_.pop_front();
      Behaviour behaviour = behaviour_;
      lock.unlock();
      behaviour(request, done);
      lock.lock();
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<OperatorRequest, Done>> queue_;
  std::vector<OperatorRequest> seen_;
  std::shared_ptr<const Snapshot> snapshot_;
  Behaviour behaviour_;
  std::atomic<Instant> now_{SnapshotBuilder::now()};
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace tamada::test
