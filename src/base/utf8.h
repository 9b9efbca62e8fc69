// Walking over UTF-8 text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tamada {

constexpr char32_t kReplacementCharacter = 0xFFFD;

// The code point at `position`, which moves behind it. A byte that starts no valid sequence (overlong forms, surrogates
// and numbers above 10FFFF included) counts alone and gives kReplacementCharacter with `valid` false.
struct CodePoint {
  char32_t value;
  bool valid;
};
CodePoint next_code_point(std::string_view text, std::size_t& position);

void append_utf8(std::string& out, char32_t code_point);

bool is_valid_utf8(std::string_view text);

// Number of code points.
std::size_t utf8_length(std::string_view text);

}  // namespace tamada
