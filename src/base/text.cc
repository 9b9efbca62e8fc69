#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tamada {

namespace {

constexpr std::string_view kWhite = " \t\r\n\v\f";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
bool is_white(char c) {
  return kWhite.find(c) != std::string_view::npos;
}

// Reads one command line word by word; the rules are those of the POSIX shell's quoting (XCU 2.2).
class CommandReader {
 public:
  explicit CommandReader(std::string_view text) : text_(text) {}

  Result<std::vector<std::string>> read() {
    while (position_ < text_.size()) {
      const char c = text_[position_++];
      if (is_white(c)) {
        end_word();
        continue;
      }
      in_word_ = true;
      if (!read_part(c)) return Error(ErrorCode::Invalid, problem_ + ": " + std::string(text_));
    }
    end_word();
    return std::move(words_);
  }

 private:
  bool read_part(char c) {
    if (c == '\'') return read_single();
    if (c == '"') return read_double();
    if (c != '\\') {
      word_ += c;
      return true;
    }
    if (position_ == text_.size()) return fail("no character after the backslash in command");
    word_ += text_[position_++];
    return true;
  }
  bool read_single() {
    const std::size_t end = text_.find('\'', position_);
    if (end == std::string_view::npos) return fail("no closing quotation in command");
    word_ += text_.substr(position_, end - position_);
    position_ = end + 1;
    return true;
  }
  bool read_double() {
    while (position_ < text_.size()) {
      const char c = text_[position_++];
      if (c == '"') return true;
      if (c == '\\' && position_ < text_.size() && (text_[position_] == '"' || text_[position_] == '\\')) {
        word_ += text_[position_++];
      } else {
        word_ += c;
      }
    }
    return fail("no closing quotation in command");
  }
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  void end_word() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }

  std::string_view text_;
  std::size_t position_ = 0;
  bool in_word_ = false;
  std::string word_;
  std::string problem_;
  std::vector<std::string> words_;
};

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> base64_values() {
  std::array<std::int8_t, 256> out{};
  for (auto& v : out) v = -1;
  for (std::size_t i = 0; i < kBase64.size(); ++i)
    out[static_cast<unsigned char>(kBase64[i])] = static_cast<std::int8_t>(i);
  return out;
}
constexpr auto kBase64Values = base64_values();

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kWhite);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhite) - first + 1);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), upper);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t end = text.find(separator);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (const std::string& part : split(text, separator)) {
    const std::string_view trimmed = trim(part);
    if (!trimmed.empty()) out.emplace_back(trimmed);
  }
  return out;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  if (from.empty()) return std::string(text);
  for (;;) {
    const std::size_t at = text.find(from);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += to;
    text.remove_prefix(at + from.size());
  }
}

Result<std::vector<std::string>> split_command(std::string_view text) {
  return CommandReader(text).read();
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8U) | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? kBase64[(group >> (18 - 6 * k)) & 63U] : '=';
  }
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (char c : text) {
    if (is_white(c)) continue;
    if (c == '=') {
      if (++padding > 2) return std::nullopt;
      continue;
    }
    const int value = kBase64Values[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    if (++digits % 4 != 1) out += static_cast<char>((bits >> (6 - 2 * ((digits - 1) % 4))) & 0xFFU);
  }
  if (digits % 4 == 1) return std::nullopt;
  if (padding > 0 && (digits + padding) % 4 != 0) return std::nullopt;
  return out;
}

}  // namespace tamada
