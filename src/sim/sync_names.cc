#include "sim/sync_names.h"

#include <algorithm>
#include <cctype>

namespace tamada::sim {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++i;
    } else if (c == '(' || c == ')' || c == ',') {
      tokens.emplace_back(1, c);
      ++i;
    } else if (c == '"') {
      std::string name;
      for (++i; i < text.size(); ++i) {
        if (text[i] == '"' && (i + 1 >= text.size() || text[i + 1] != '"')) break;
        if (text[i] == '"') ++i;
        name.push_back(text[i]);
      }
      ++i;
      tokens.push_back(lower(name));
    } else {
      std::size_t end = i;
      while (end < text.size() && std::string_view(" ,()\"").find(text[end]) == std::string_view::npos) ++end;
      tokens.push_back(lower(text.substr(i, end - i)));
      i = end;
    }
  }
  return tokens;
}

bool is_number(const std::string& token) {
  return !token.empty() &&
         std::all_of(token.begin(), token.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

bool SyncNames::lists(std::string_view name) const {
  const std::string wanted = lower(name);
  return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return n == "*" || n == wanted; });
}

SyncNames parse_sync_names(std::string_view text) {
  auto tokens = tokens_of(text);
  SyncNames result;
  if (tokens.empty()) return result;
  std::size_t i = 0;
  if (tokens.size() > 1 && (tokens[0] == "any" || tokens[0] == "first") && is_number(tokens[1])) {
    result.any = tokens[0] == "any";
    ++i;
  }
  result.count = 1;
  if (is_number(tokens[i]) && i + 1 < tokens.size() && tokens[i + 1] == "(") result.count = std::stoi(tokens[i++]);
  for (; i < tokens.size(); ++i) {
    if (tokens[i] != "(" && tokens[i] != ")" && tokens[i] != ",") result.names.push_back(tokens[i]);
  }
  return result;
}

}  // namespace tamada::sim
