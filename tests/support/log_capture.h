// A log sink that keeps what was written, for tests. Safe from any thread.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"

namespace tamada::test {

class LogCapture final : public LogSink {
 public:
  bool enabled(LogLevel, std::string_view) const override { return true; }
  void write(LogLevel level, std::string_view, std::string text) override {
    std::lock_guard lock(mutex_);
    lines_.push_back({level, std::move(text)});
  }
  bool contains(std::string_view part) const { return count(part) > 0; }
  int count(std::string_view part) const {
    std::lock_guard lock(mutex_);
    int found = 0;
    for (const auto& line : lines_) found += line.text.find(part) != std::string::npos;
    return found;
  }

 private:
  struct Line {
    LogLevel level;
    std::string text;
  };
  mutable std::mutex mutex_;
  std::vector<Line> lines_;
};

}  // namespace tamada::test
