#include "model/sync_names.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"

namespace tamada {

namespace {

struct Token {
  enum class Kind { Name, Number, Open, Close, Comma, Bad };
  Kind kind = Kind::Bad;
  std::string text;
  bool quoted = false;
};

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool goes_on_name(char c) {
  return starts_name(c) || (c >= '0' && c <= '9') || c == '$';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

std::string_view take_while(std::string_view text, bool (*fits)(char)) {
  std::size_t end = 0;
  while (end < text.size() && fits(text[end])) ++end;
  return text.substr(0, end);
}

// Takes one token off the front of `text`, which does not begin with white space.
Token next_token(std::string_view& text) {
  Token token;
  const char c = text.front();
  std::size_t used = 1;
  if (c == '(' || c == ')' || c == ',') {
    token.kind = c == '(' ? Token::Kind::Open : c == ')' ? Token::Kind::Close : Token::Kind::Comma;
  } else if (c == '*') {
    token = {Token::Kind::Name, "*", false};
  } else if (c == '"') {
    for (; used < text.size(); ++used) {
      if (text[used] == '"' && (used + 1 >= text.size() || text[used + 1] != '"')) break;
      if (text[used] == '"') ++used;
      token.text.push_back(text[used]);
    }
    const bool closed = used < text.size();
    token.kind = closed && !token.text.empty() ? Token::Kind::Name : Token::Kind::Bad;
    token.quoted = true;
    used = std::min(used + 1, text.size());
  } else if (is_digit(c)) {
    token = {Token::Kind::Number, std::string(take_while(text, is_digit)), false};
    used = token.text.size();
  } else if (starts_name(c)) {
    token = {Token::Kind::Name, std::string(take_while(text, goes_on_name)), false};
    used = token.text.size();
  }
  text.remove_prefix(used);
  return token;
}

std::optional<std::vector<Token>> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  for (;;) {
    text.remove_prefix(take_while(text, is_space).size());
    if (text.empty()) return tokens;
    tokens.push_back(next_token(text));
    if (tokens.back().kind == Token::Kind::Bad) return std::nullopt;
  }
}

bool is_keyword(const Token& token, std::string_view word) {
  return token.kind == Token::Kind::Name && !token.quoted && equal_ignoring_case(token.text, word);
}

std::optional<int> number_of(const Token& token) {
  int number = 0;
  const char* end = token.text.data() + token.text.size();
  const auto [stop, error] = std::from_chars(token.text.data(), end, number);
  if (token.kind != Token::Kind::Number || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// A list "a, b, c" that takes up all of [first, last). A number is a name, too.
std::optional<std::vector<std::string>> list_of(const Token* first, const Token* last) {
  std::vector<std::string> names;
  for (const Token* at = first; at != last; ++at) {
    const bool name = at->kind == Token::Kind::Name || at->kind == Token::Kind::Number;
    if (!name) return std::nullopt;
    names.push_back(at->text);
    if (++at == last) return names;
    if (at->kind != Token::Kind::Comma) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

bool SyncNames::everybody() const {
  return std::find(names.begin(), names.end(), "*") != names.end();
}

bool SyncNames::lists(std::string_view name) const {
  return std::any_of(names.begin(), names.end(),
                     [name](const std::string& listed) { return equal_ignoring_case(listed, name); });
}

std::optional<SyncNames> parse_sync_names(std::string_view text) {
  const auto tokens = tokens_of(text);
  if (!tokens) return std::nullopt;
  SyncNames out;
  if (tokens->empty()) return out;
  const Token* at = tokens->data();
  const Token* const end = at + tokens->size();
  if (end - at > 2 && (is_keyword(at[0], "any") || is_keyword(at[0], "first")) && at[1].kind == Token::Kind::Number) {
    if (is_keyword(at[0], "any")) out.method = SyncNames::Method::Quorum;
    ++at;
    if (at[1].kind != Token::Kind::Open) return std::nullopt;
  }
  out.count = 1;
  const bool counted = end - at > 2 && at[0].kind == Token::Kind::Number && at[1].kind == Token::Kind::Open;
  if (counted) {
    const auto count = number_of(at[0]);
    if (!count || *count <= 0 || end[-1].kind != Token::Kind::Close) return std::nullopt;
    out.count = *count;
  }
  auto names = counted ? list_of(at + 2, end - 1) : list_of(at, end);
  if (!names) return std::nullopt;
  out.names = std::move(*names);
  return out;
}

std::string quote_sync_name(std::string_view name) {
  const bool plain =
      !name.empty() && static_cast<unsigned char>(name.front()) < 0x80 && starts_name(name.front()) &&
      std::all_of(
          name.begin(), name.end(), [](char c) { return goes_on_name(c) && static_cast<unsigned char>(c) < 0x80; });
  if (plain && !equal_ignoring_case(name, "first") && !equal_ignoring_case(name, "any")) return std::string(name);
  return '"' + replace_all(name, "\"", "\"\"") + '"';
}

std::string format_sync_names(const SyncNames& names) {
  if (names.off() || names.names.empty()) return "";
  std::vector<std::string> quoted;
  for (const std::string& name : names.names) quoted.push_back(name == "*" ? name : quote_sync_name(name));
  const std::string list = join(quoted, ",");
  if (names.method == SyncNames::Method::Quorum) return fmt::format("ANY {} ({})", names.count, list);
  if (names.count == 1 && names.names.size() == 1) return list;
  return fmt::format("{} ({})", names.count, list);
}

}  // namespace tamada
