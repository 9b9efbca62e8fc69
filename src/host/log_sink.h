// The daemon's log: records from any thread go through a bounded queue to one writer thread, which renders them and
// writes to stderr or to the rotated file. A full queue drops records and says so later; it never blocks a writer (a
// hanging disk must not stop the engine).
#pragma once

#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "model/settings.h"

namespace tamada {

class QueuedLogSink final : public LogSink {
 public:
  // Until the settings are known: level DEBUG of the original is noise here, so INFO, to stderr.
  QueuedLogSink();
  ~QueuedLogSink() override;  // writes what is queued, for at most two seconds

  // Takes effect for the next records. Error Invalid for a bad level or format: the old settings stay.
  Result<void> update_settings(const LogSettings& settings);

  bool enabled(LogLevel level, std::string_view component) const override;
  void write(LogLevel level, std::string_view component, std::string text) override;

  // Waits until what is queued now is written; false when that took longer than two seconds.
  bool flush();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tamada
