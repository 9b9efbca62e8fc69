// Fences pool work that its caller gave up (deadline or cancellation): one writer at a time, and none that is out of
// date.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "postgres/local_server.h"

namespace tamada {

struct LocalPostgresServer::Gate {
  std::mutex mutex;                          // held by the work on its pool thread
  std::atomic<std::uint64_t> generation{0};  // of the newest work that is still wanted
};

// Owned by the coroutine that waits for the work; when it goes, the work is not wanted any more.
template <class GateType>
class GatePass {
 public:
  explicit GatePass(std::shared_ptr<GateType> gate) : gate_(std::move(gate)), mine_(++gate_->generation) {}
  ~GatePass() {
    std::uint64_t expected = mine_;
    gate_->generation.compare_exchange_strong(expected, mine_ + 1);
  }
  GatePass(const GatePass&) = delete;
  GatePass& operator=(const GatePass&) = delete;

  // For the pool thread.
  auto still_wanted() const {
    return [gate = gate_, mine = mine_] { return gate->generation.load() == mine; };
  }

 private:
  std::shared_ptr<GateType> gate_;
  std::uint64_t mine_;
};

}  // namespace tamada
