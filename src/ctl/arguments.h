// What one command line said, after parsing (ctl/cli_parser.h). Options are known by their long name without dashes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tamada::ctl {

struct Arguments {
  std::string command;
  std::map<std::string, std::vector<std::string>> options;  // a flag has one empty value
  std::vector<std::string> words;                           // positional arguments, in order

  bool has(const std::string& option) const { return options.contains(option); }
  // The last one given.
  std::optional<std::string> value(const std::string& option) const {
    const auto it = options.find(option);
    if (it == options.end() || it->second.empty()) return std::nullopt;
    return it->second.back();
  }
  std::vector<std::string> values(const std::string& option) const {
    const auto it = options.find(option);
    return it == options.end() ? std::vector<std::string>() : it->second;
  }
};

}  // namespace tamada::ctl
