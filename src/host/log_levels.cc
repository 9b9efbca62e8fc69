#include "host/log_levels.h"

#include <charconv>

#include <fmt/format.h>

namespace tamada {

namespace {

struct Renamed {
  std::string_view python;
  std::string_view ours;
};
// docs/compatibility.md shows this table.
constexpr Renamed kRenamed[] = {
    {"patroni", ""},
    {"patroni.__main__", "engine"},
    {"patroni.ha", "engine"},
    {"patroni.api", "api"},
    {"patroni.config", "config"},
    {"patroni.postgresql", "postgresql"},
    {"patroni.postgresql.callback_executor", "callback"},
    {"patroni.watchdog", "watchdog"},
    {"patroni.request", "peers"},
    {"patroni.dcs", "store"},
    {"patroni.dcs.etcd", "store.etcd2"},
    {"patroni.dcs.etcd3", "store.etcd3"},
    {"patroni.dcs.consul", "store.consul"},
    {"patroni.dcs.zookeeper", "store.zookeeper"},
    {"patroni.dcs.exhibitor", "store.zookeeper"},
    {"patroni.dcs.kubernetes", "store.kubernetes"},
    {"urllib3", "peers"},
    {"requests", "peers"},
    {"etcd.client", "store.etcd2"},
    {"kazoo", "store.zookeeper"},
    {"kazoo.client", "store.zookeeper"},
};

LogLevel level_of_number(int number) {
  if (number <= 10) return LogLevel::Debug;
  if (number <= 20) return LogLevel::Info;
  if (number <= 30) return LogLevel::Warning;
  return number <= 40 ? LogLevel::Error : LogLevel::Critical;
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view text) {
  if (text == "DEBUG" || text == "NOTSET") return LogLevel::Debug;
  if (text == "INFO") return LogLevel::Info;
  if (text == "WARN" || text == "WARNING") return LogLevel::Warning;
  if (text == "ERROR") return LogLevel::Error;
  if (text == "FATAL" || text == "CRITICAL") return LogLevel::Critical;
  int number = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && stop == text.data() + text.size() && !text.empty()) return level_of_number(number);
  return Error(ErrorCode::Invalid, fmt::format("unknown log level: {}", text),
               "DEBUG, INFO, WARNING, ERROR or CRITICAL in upper case, or a number");
}

std::string component_of_logger(std::string_view logger) {
  for (const Renamed& entry : kRenamed)
    if (entry.python == logger) return std::string(entry.ours);
  // "patroni.postgresql.sync" belongs below what its parent maps to.
  if (const auto dot = logger.rfind('.'); dot != std::string_view::npos && logger.starts_with("patroni."))
    return component_of_logger(logger.substr(0, dot));
  if (logger.starts_with("tamada.")) return std::string(logger.substr(7));
  return logger == "tamada" ? std::string() : std::string(logger);
}

Result<LogLevels> LogLevels::make(const std::string& root, const std::map<std::string, std::string>& loggers) {
  LogLevels levels;
  auto level = parse_log_level(root);
  if (!level) return level.error();
  levels.root_ = *level;
  for (const auto& [name, text] : loggers) {
    auto own = parse_log_level(text);
    if (!own) return own.error().wrap("log.loggers." + name);
    const std::string component = component_of_logger(name);
    if (component.empty())
      levels.root_ = *own;
    else
      levels.by_component_[component] = *own;
  }
  return levels;
}

LogLevel LogLevels::level_of(std::string_view component) const {
  for (;;) {
    if (auto it = by_component_.find(component); it != by_component_.end()) return it->second;
    const auto dot = component.rfind('.');
    if (dot == std::string_view::npos) return root_;
    component = component.substr(0, dot);
  }
}

}  // namespace tamada
