// The line of the log that says what this member does: at each change, and once a loop_wait. While an attempt fails
// again and again the texts of attempt and pause alternate; that is no change, and each is told once. Engine thread
// only.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/log.h"
#include "base/time.h"

namespace tamada {

class StatusLog {
 public:
  explicit StatusLog(Logger log) : log_(std::move(log)) {}

  // `failed_at`: when the last procedure ended, if it failed.
  void tell(const std::string& status, const std::string& rule, std::optional<Instant> failed_at, Instant now,
            Duration loop_wait);

 private:
  Logger log_;
  std::string last_;
  std::set<std::string> told_;  // since the attempts began to fail
  Instant told_at_ = kLongAgo;
};

}  // namespace tamada
