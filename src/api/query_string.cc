#include "api/query_string.h"

#include <algorithm>

namespace tamada {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A broken escape stays as it is.
std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string_view without_origin(std::string_view target) {
  if (target.starts_with('/')) return target;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::size_t path = target.find_first_of("/?#", scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

}  // namespace

QueryString::QueryString(std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals + 1 == pair.size()) continue;
    std::string name = decode(pair.substr(0, equals));
    if (!get(name)) values_.emplace_back(std::move(name), decode(pair.substr(equals + 1)));
  }
}

std::optional<std::string_view> QueryString::get(std::string_view name) const {
  auto it = std::find_if(values_.begin(), values_.end(), [&](const auto& v) { return v.first == name; });
  if (it == values_.end()) return std::nullopt;
  return it->second;
}

RequestTarget parse_target(std::string_view target) {
  RequestTarget result;
  target = without_origin(target);
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  const std::string_view path = target.substr(0, question);
  result.path = std::string(path);
  if (question != std::string_view::npos) result.query = QueryString(target.substr(question + 1));
  const std::size_t begin = path.find_first_not_of('/');
  if (begin != std::string_view::npos) {
    result.segment = std::string(path.substr(begin, path.find('/', begin) - begin));
  }
  return result;
}

}  // namespace tamada
