// The parts of a request target. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tamada {

// Parameters with a blank value are left out; of a repeated one the first counts.
class QueryString {
 public:
  QueryString() = default;
  explicit QueryString(std::string_view query);

  std::optional<std::string_view> get(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return values_; }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

struct RequestTarget {
  std::string path;     // as sent, with its leading slash
  std::string segment;  // first non-empty part of the path; empty for "/"
  QueryString query;
};

// Accepts the absolute form ("http://host/path?query") as well.
RequestTarget parse_target(std::string_view target);

}  // namespace tamada
