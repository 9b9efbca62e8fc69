// The log front: cheap to include, one sink behind it (host/log_sink.h; tests and the simulator install their own).
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace tamada {

enum class LogLevel { Debug, Info, Warning, Error, Critical };

class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual bool enabled(LogLevel level, std::string_view component) const = 0;
  virtual void write(LogLevel level, std::string_view component, std::string text) = 0;
};

// One for each process or simulated member; handed to whoever logs.
class Logger {
 public:
  Logger(LogSink& sink, std::string component) : sink_(&sink), component_(std::move(component)) {}

  template <class... A>
  void debug(fmt::format_string<A...> f, A&&... a) const {
    emit(LogLevel::Debug, f, std::forward<A>(a)...);
  }
  template <class... A>
  void info(fmt::format_string<A...> f, A&&... a) const {
    emit(LogLevel::Info, f, std::forward<A>(a)...);
  }
  template <class... A>
  void warning(fmt::format_string<A...> f, A&&... a) const {
    emit(LogLevel::Warning, f, std::forward<A>(a)...);
  }
  template <class... A>
  void error(fmt::format_string<A...> f, A&&... a) const {
    emit(LogLevel::Error, f, std::forward<A>(a)...);
  }
  template <class... A>
  void critical(fmt::format_string<A...> f, A&&... a) const {
    emit(LogLevel::Critical, f, std::forward<A>(a)...);
  }

  // The same sink under another component name, e.g. "store.etcd3".
  Logger named(std::string component) const { return Logger(*sink_, std::move(component)); }

 private:
  template <class... A>
  void emit(LogLevel level, fmt::format_string<A...> f, A&&... a) const {
    if (sink_->enabled(level, component_)) sink_->write(level, component_, fmt::format(f, std::forward<A>(a)...));
  }

  LogSink* sink_;
  std::string component_;
};

}  // namespace tamada
