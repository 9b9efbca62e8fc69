// Levels by component (configuration.md 5.2). Python's logger names in users' files are mapped to our components. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"

namespace tamada {

// DEBUG INFO WARN WARNING ERROR FATAL CRITICAL NOTSET in upper case, or a number as text.
Result<LogLevel> parse_log_level(std::string_view text);
// "patroni.postgresql" -> "postgresql", "urllib3" -> "peers"; a name of ours stays as it is. "" is the root.
std::string component_of_logger(std::string_view logger);

class LogLevels {
 public:
  static Result<LogLevels> make(const std::string& root, const std::map<std::string, std::string>& loggers);
  // The level of the component or of its nearest named ancestor ("store" for "store.etcd3"), else the root's.
  LogLevel level_of(std::string_view component) const;
  LogLevel root() const { return root_; }

 private:
  LogLevel root_ = LogLevel::Info;
  std::map<std::string, LogLevel, std::less<>> by_component_;
};

}  // namespace tamada
