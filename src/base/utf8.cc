#include "base/utf8.h"

namespace tamada {

namespace {

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

int sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

bool in_range(char32_t value, int length) {
  if (length == 3) return value >= 0x800 && (value < 0xD800 || value > 0xDFFF);
  if (length == 4) return value >= 0x10000 && value <= 0x10FFFF;
  return true;
}

}  // namespace

CodePoint next_code_point(std::string_view text, std::size_t& position) {
  const unsigned char lead = byte_at(text, position);
  const int length = sequence_length(lead);
  if (length == 1) {
    ++position;
    return {lead, true};
  }
  if (length == 0 || position + static_cast<std::size_t>(length) > text.size()) {
    ++position;
    return {kReplacementCharacter, false};
  }
  char32_t value = lead & (0xFFU >> (length + 1));
  for (int i = 1; i < length; ++i) {
    const unsigned char c = byte_at(text, position + static_cast<std::size_t>(i));
    if ((c & 0xC0U) != 0x80U) {
      ++position;
      return {kReplacementCharacter, false};
    }
    value = (value << 6U) | (c & 0x3FU);
  }
  if (!in_range(value, length)) {
    ++position;
    return {kReplacementCharacter, false};
  }
  position += static_cast<std::size_t>(length);
  return {value, true};
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0U | (c >> 6U));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0U | (c >> 12U));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | (c >> 18U));
    out += static_cast<char>(0x80U | ((c >> 12U) & 0x3FU));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  }
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (!next_code_point(text, i).valid) return false;
  }
  return true;
}

std::size_t utf8_length(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++n) next_code_point(text, i);
  return n;
}

}  // namespace tamada
