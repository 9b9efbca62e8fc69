#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/python_text.h"
#include "base/utf8.h"
#include "base/yaml.h"
#include "base/yaml_analysis.h"
#include "base/yaml_scalar.h"

namespace tamada {

namespace {

using yaml::Analysis;
using yaml::is_break;

std::u32string decode(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) out += next_code_point(text, i).value;
  return out;
}

std::string float_text(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value < 0 ? "-.inf" : ".inf";
  std::string text = python_float(value);
  const std::size_t e = text.find('e');
  if (text.find('.') == text.npos && e != text.npos) text.insert(e, ".0");
  return text;
}

// The text of a scalar and whether it may stand there without quotes as far as its meaning goes.
struct Scalar {
  std::string text;
  bool plain_means_same;
};

Scalar scalar_of(const json::value& value) {
  if (value.is_null()) return {"null", true};
  if (value.is_bool()) return {value.get_bool() ? "true" : "false", true};
  if (value.is_double()) return {float_text(value.get_double()), true};
  if (value.is_string()) {
    const std::string text(value.get_string());
    return {text, yaml::resolve_plain(text) == yaml::Tag::Str};
  }
  return {python_text(value), true};
}

// Columns, line breaks and indentation.
class Layout {
 public:
  explicit Layout(int width) : width_(width) {}

  void indicator(std::string_view text, bool needs_space, bool keeps_blank = false, bool keeps_indention = false) {
    if (needs_space && !blank_) put(" ");
    put(text);
    blank_ = keeps_blank;
    indention_ = indention_ && keeps_indention;
  }
  // To the current indentation, on a new line unless that is where we are.
  void indent() {
    const int target = std::max(indent_, 0);
    if (!indention_ || column_ > target || (column_ == target && !blank_)) line_break();
    if (column_ < target) {
      blank_ = true;
      put(std::string(static_cast<std::size_t>(target - column_), ' '));
    }
  }
  void line_break(char32_t c = '\n') {
    append_utf8(out_, c);
    column_ = 0;
    blank_ = indention_ = true;
  }
  void text(std::u32string_view chars) {
    for (char32_t c : chars) append_utf8(out_, c);
    column_ += static_cast<int>(chars.size());
    blank_ = indention_ = false;
  }
  void space_if_needed() {
    if (!blank_) put(" ");
    blank_ = indention_ = false;
  }
  void begin_text() { blank_ = indention_ = false; }

  // -1 is "outside of everything".
  int enter(bool flow, bool indentless = false) {
    const int before = indent_;
    if (indent_ < 0) {
      indent_ = flow ? 2 : 0;
    } else if (!indentless) {
      indent_ += 2;
    }
    return before;
  }
  void leave(int before) { indent_ = before; }

  bool too_wide(int pending = 0) const { return column_ + pending > width_; }
  bool indention() const { return indention_; }
  std::string take() { return std::move(out_); }

 private:
  void put(std::string_view text) {
    out_ += text;
    column_ += static_cast<int>(text.size());
  }

  std::string out_;
  int width_;
  int column_ = 0;
  int indent_ = -1;
  bool blank_ = true;      // the last thing written was white space
  bool indention_ = true;  // only indentation so far on this line
};

// Scalars in the three styles that the dumper chooses among.
class ScalarWriter {
 public:
  explicit ScalarWriter(Layout& layout) : layout_(layout) {}

  void plain(const std::u32string& text, bool may_fold) {
    if (text.empty()) return;
    layout_.space_if_needed();
    for_each_run(text, [&](std::u32string_view run, std::size_t) {
      if (run == U" " && may_fold && layout_.too_wide()) {
        layout_.indent();
        layout_.begin_text();
      } else {
        layout_.text(run);
      }
    });
  }

  void single_quoted(const std::u32string& text, bool may_fold) {
    layout_.indicator("'", true);
    for_each_run(text, [&](std::u32string_view run, std::size_t start) {
      if (is_break(run.front())) {
        quoted_breaks(run);
      } else if (run == U" " && may_fold && start != 0 && start + 1 != text.size() && layout_.too_wide()) {
        layout_.indent();
      } else {
        with_doubled_quotes(run);
      }
    });
    layout_.indicator("'", false);
  }

  void double_quoted(const std::u32string& text, bool may_fold) {
    layout_.indicator("\"", true);
    std::size_t start = 0;
    for (std::size_t end = 0; end <= text.size(); ++end) {
      const bool at_end = end == text.size();
      if (at_end || needs_escape(text[end])) {
        if (start < end) layout_.text(std::u32string_view(text).substr(start, end - start));
        start = end;
        if (!at_end) {
          layout_.text(decode(escape(text[end])));
          start = end + 1;
        }
      }
      if (may_fold && end > 0 && end + 1 < text.size() && (text[end] == ' ' || start >= end) &&
          layout_.too_wide(static_cast<int>(end) - static_cast<int>(start))) {
        fold_double_quoted(text, start, end);
      }
    }
    layout_.indicator("\"", false);
  }

 private:
  // Runs of spaces, of breaks, and of everything else.
  template <class F>
  static void for_each_run(const std::u32string& text, F f) {
    const auto kind = [](char32_t c) { return c == ' ' ? 1 : is_break(c) ? 2 : 0; };
    for (std::size_t start = 0; start < text.size();) {
      std::size_t end = start + 1;
      while (end < text.size() && kind(text[end]) == kind(text[start])) ++end;
      f(std::u32string_view(text).substr(start, end - start), start);
      start = end;
    }
  }

  void quoted_breaks(std::u32string_view run) {
    if (run.front() == '\n') layout_.line_break();
    for (char32_t c : run) layout_.line_break(c);
    layout_.indent();
  }

  void with_doubled_quotes(std::u32string_view run) {
    for (char32_t c : run) layout_.text(c == '\'' ? std::u32string_view(U"''") : std::u32string_view(&c, 1));
  }

  void fold_double_quoted(const std::u32string& text, std::size_t& start, std::size_t end) {
    if (start < end) {
      layout_.text(std::u32string_view(text).substr(start, end - start));
      start = end;
    }
    layout_.text(U"\\");
    layout_.indent();
    layout_.begin_text();
    if (text[start] == ' ') layout_.text(U"\\");
  }

  static bool needs_escape(char32_t c) {
    if (c == '"' || c == '\\' || c == 0xFEFF || is_break(c)) return true;
    return !(c >= 0x20 && c <= 0x7E) && !(c >= 0xA0 && c <= 0xD7FF) && !(c >= 0xE000 && c <= 0xFFFD);
  }

  static std::string escape(char32_t c) {
    static constexpr std::pair<char32_t, char> kShort[] = {
        {0, '0'},    {7, 'a'},   {8, 'b'},     {9, 't'},    {10, 'n'},   {11, 'v'},     {12, 'f'},    {13, 'r'},
        {0x1B, 'e'}, {'"', '"'}, {'\\', '\\'}, {0x85, 'N'}, {0xA0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};
    for (const auto& [code, letter] : kShort) {
      if (code == c) return {'\\', letter};
    }
    const auto number = static_cast<unsigned>(c);
    if (number <= 0xFF) return fmt::format("\\x{:02X}", number);
    if (number <= 0xFFFF) return fmt::format("\\u{:04X}", number);
    return fmt::format("\\U{:08X}", number);
  }

  Layout& layout_;
};

class Dumper {
 public:
  explicit Dumper(const YamlStyle& style) : style_(style), layout_(style.width), scalars_(layout_) {}

  std::string dump(const json::value& value) {
    const bool open_ended = node(value, {});
    if (open_ended) {
      layout_.line_break();
      layout_.indicator("...", false);
    }
    layout_.line_break();
    return layout_.take();
  }

 private:
  struct Place {
    bool in_mapping = false;
    bool simple_key = false;
  };
  using Members = std::vector<std::pair<std::string_view, const json::value*>>;

  // True when the root was a plain scalar, whose end must be marked.
  bool node(const json::value& value, Place place) {
    if (value.is_array()) {
      sequence(value.get_array(), place);
    } else if (value.is_object()) {
      mapping(value.get_object());
    } else {
      return scalar(scalar_of(value), place);
    }
    return false;
  }

  bool scalar(const Scalar& scalar, Place place) {
    const std::u32string text = decode(scalar.text);
    const Analysis analysis = yaml::analyze(text);
    const int before = layout_.enter(true);
    const bool awkward_key = place.simple_key && (analysis.empty || analysis.multiline);
    const bool plain =
        scalar.plain_means_same && !awkward_key && (flow_level_ > 0 ? analysis.flow_plain : analysis.block_plain);
    const bool may_fold = !place.simple_key;
    if (plain) {
      scalars_.plain(text, may_fold);
    } else if (analysis.single_quoted && !(place.simple_key && analysis.multiline)) {
      scalars_.single_quoted(text, may_fold);
    } else {
      scalars_.double_quoted(text, may_fold);
    }
    layout_.leave(before);
    return plain && before < 0;
  }

  void sequence(const json::array& items, Place place) {
    if (flow_level_ > 0 || style_.flow || items.empty()) return flow_sequence(items);
    const int before = layout_.enter(false, place.in_mapping && !layout_.indention());
    for (const json::value& item : items) {
      layout_.indent();
      layout_.indicator("-", true, false, true);
      node(item, {});
    }
    layout_.leave(before);
  }

  void mapping(const json::object& object) {
    const Members members = ordered(object);
    if (flow_level_ > 0 || style_.flow || members.empty()) return flow_mapping(members);
    const int before = layout_.enter(false);
    for (const auto& [key, value] : members) {
      layout_.indent();
      if (is_simple_key(key)) {
        key_scalar(key, true);
        layout_.indicator(":", false);
      } else {
        layout_.indicator("?", true, false, true);
        key_scalar(key, false);
        layout_.indent();
        layout_.indicator(":", true, false, true);
      }
      node(*value, {true, false});
    }
    layout_.leave(before);
  }

  void flow_sequence(const json::array& items) {
    layout_.indicator("[", true, true);
    const int before = open_flow();
    bool first = true;
    for (const json::value& item : items) {
      separate(first);
      node(item, {});
    }
    close_flow(before, "]");
  }

  void flow_mapping(const Members& members) {
    layout_.indicator("{", true, true);
    const int before = open_flow();
    bool first = true;
    for (const auto& [key, value] : members) {
      separate(first);
      if (is_simple_key(key)) {
        key_scalar(key, true);
        layout_.indicator(":", false);
      } else {
        layout_.indicator("?", true);
        key_scalar(key, false);
        if (layout_.too_wide()) layout_.indent();
        layout_.indicator(":", true);
      }
      node(*value, {true, false});
    }
    close_flow(before, "}");
  }

  int open_flow() {
    ++flow_level_;
    return layout_.enter(true);
  }
  void close_flow(int before, std::string_view indicator) {
    layout_.leave(before);
    --flow_level_;
    layout_.indicator(indicator, false);
  }
  void separate(bool& first) {
    if (!first) layout_.indicator(",", false);
    first = false;
    if (layout_.too_wide()) layout_.indent();
  }

  void key_scalar(std::string_view key, bool simple) { scalar(scalar_of(json::value(key)), {true, simple}); }

  static bool is_simple_key(std::string_view key) {
    const std::u32string text = decode(key);
    const Analysis analysis = yaml::analyze(text);
    return text.size() < 128 && !analysis.empty && !analysis.multiline;
  }

  Members ordered(const json::object& object) const {
    Members out;
    for (const auto& member : object) out.emplace_back(member.key(), &member.value());
    if (style_.sort_keys) std::sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.first < b.first; });
    return out;
  }

  YamlStyle style_;
  Layout layout_;
  ScalarWriter scalars_;
  int flow_level_ = 0;
};

}  // namespace

std::string to_yaml(const json::value& value, const YamlStyle& style) {
  return Dumper(style).dump(value);
}

}  // namespace tamada
