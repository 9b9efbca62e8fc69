// How far the making of a replica has come. Written by whoever copies, read by REST on its own thread at any time; the
// snapshot only carries the pointer, so that a growing number wakes nobody.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"

namespace tamada {

class CloneProgress {
 public:
  struct State {
    std::string method;
    std::string source;  // member that is copied from; empty = none
    WallTime since{};    // when the method began
    // Bytes of data in the directory and its tablespaces, WAL not counted; what a method with keep_data found there
    // counts. Of the source, as large as it was at the beginning; nullopt = it was not asked or did not say.
    std::optional<std::int64_t> bytes_done;
    std::optional<std::int64_t> bytes_total;
  };

  // nullopt = nothing is being copied.
  std::optional<State> read() const {
    std::lock_guard lock(mutex_);
    return state_;
  }
  void begin(State state) {
    std::lock_guard lock(mutex_);
    state_ = std::move(state);
  }
  void end() {
    std::lock_guard lock(mutex_);
    state_.reset();
  }
  void set_done(std::int64_t bytes) {
    std::lock_guard lock(mutex_);
    if (state_) state_->bytes_done = bytes;
  }
  void set_total(std::int64_t bytes) {
    std::lock_guard lock(mutex_);
    if (state_) state_->bytes_total = bytes;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<State> state_;
};

}  // namespace tamada
