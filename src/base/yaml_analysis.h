// Which styles a text may be written in, for the YAML writer. Part of base/yaml.h.
#pragma once

#include <string>

namespace tamada::yaml {

struct Analysis {
  bool empty = false;
  bool multiline = false;
  bool flow_plain = true;   // without quotes inside [ ] and { }
  bool block_plain = true;  // without quotes elsewhere
  bool single_quoted = true;
};

Analysis analyze(const std::u32string& text);

bool is_break(char32_t c);

// Everything else is escaped in double quotes.
bool is_printable(char32_t c);

}  // namespace tamada::yaml
