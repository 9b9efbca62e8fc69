#include "base/yaml_analysis.h"

namespace tamada::yaml {

namespace {

bool is_blank_or_break(char32_t c) {
  return c == 0 || c == ' ' || c == '\t' || c == '\r' || is_break(c);
}

// What the characters of a text mean where they stand.
struct Signs {
  bool block_indicator = false;
  bool flow_indicator = false;
  bool breaks = false;
  bool special = false;
  bool leading_blank = false;  // space or break
  bool trailing_blank = false;
  bool break_then_space = false;
  bool space_then_break = false;
};

struct Position {
  bool first;
  bool blank_before;
  bool blank_after;
};

void note_indicator(char32_t c, const Position& at, Signs& out) {
  const auto in = [c](std::u32string_view set) { return set.find(c) != set.npos; };
  if (at.first) {
    if (in(U"#,[]{}&*!|>'\"%@`") || (c == '-' && at.blank_after)) out.flow_indicator = out.block_indicator = true;
    if (in(U"?:")) {
      out.flow_indicator = true;
      if (at.blank_after) out.block_indicator = true;
    }
    return;
  }
  if (in(U",?[]{}")) out.flow_indicator = true;
  if (c == ':') {
    out.flow_indicator = true;
    if (at.blank_after) out.block_indicator = true;
  }
  if (c == '#' && at.blank_before) out.flow_indicator = out.block_indicator = true;
}

Signs read_signs(const std::u32string& text) {
  Signs out;
  if (text.starts_with(U"---") || text.starts_with(U"...")) out.block_indicator = out.flow_indicator = true;
  bool after_space = false;
  bool after_break = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const bool last = i + 1 == text.size();
    note_indicator(c, {i == 0, i == 0 || is_blank_or_break(text[i - 1]), last || is_blank_or_break(text[i + 1])}, out);
    if (is_break(c)) out.breaks = true;
    if (c != '\n' && !is_printable(c) && c != 0x85 && c != 0x2028 && c != 0x2029) out.special = true;
    const bool space = c == ' ';
    const bool line_break = is_break(c);
    if (i == 0 && (space || line_break)) out.leading_blank = true;
    if (last && (space || line_break)) out.trailing_blank = true;
    if (space && after_break) out.break_then_space = true;
    if (line_break && after_space) out.space_then_break = true;
    after_space = space;
    after_break = line_break;
  }
  return out;
}

}  // namespace

bool is_break(char32_t c) {
  return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_printable(char32_t c) {
  if (c >= 0x20 && c <= 0x7E) return true;
  if (c == 0xFEFF || c == 0x2028 || c == 0x2029) return false;
  return (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c < 0x10FFFF);
}

Analysis analyze(const std::u32string& text) {
  Analysis out;
  if (text.empty()) {
    out.empty = true;
    out.flow_plain = false;
    return out;
  }
  const Signs signs = read_signs(text);
  out.multiline = signs.breaks;
  if (signs.leading_blank || signs.trailing_blank || signs.breaks) out.flow_plain = out.block_plain = false;
  if (signs.break_then_space || signs.space_then_break || signs.special) {
    out.flow_plain = out.block_plain = out.single_quoted = false;
  }
  if (signs.flow_indicator) out.flow_plain = false;
  if (signs.block_indicator) out.block_plain = false;
  return out;
}

}  // namespace tamada::yaml
