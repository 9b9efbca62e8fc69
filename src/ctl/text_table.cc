#include "ctl/text_table.h"

#include <wchar.h>

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace tamada::ctl {

namespace {

using Lines = std::vector<std::string>;

std::string spaces(std::size_t count) {
  return std::string(count, ' ');
}

// With an odd rest the text stands left of the middle when its width is odd, else right of it.
std::size_t left_of_centre(std::size_t width, std::size_t excess) {
  return excess % 2 == 1 && width % 2 == 0 ? excess / 2 + 1 : excess / 2;
}

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::size_t own = display_width(text);
  const std::size_t excess = width > own ? width - own : 0;
  std::size_t left = 0;
  if (align == Align::Right) left = excess;
  if (align == Align::Center) left = left_of_centre(own, excess);
  return spaces(left) + text + spaces(excess - left);
}

class Renderer {
 public:
  explicit Renderer(const TextTable& table) : table_(table) {
    for (const TableColumn& column : table.columns) widths_.push_back(display_width(column.heading));
    for (const auto& row : table.rows) {
      for (std::size_t i = 0; i < row.size() && i < widths_.size(); ++i) measure(row[i], i);
    }
  }

  std::string text() const {
    std::string out = titled(rule());
    std::vector<std::string> headings;
    for (const TableColumn& column : table_.columns) headings.push_back(column.heading);
    out += row(headings) + rule();
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      if (i > 0 && several_lines_) out += rule();
      out += row(table_.rows[i]);
    }
    return out + rule();
  }

 private:
  void measure(const std::string& cell, std::size_t column) {
    const Lines lines = split(cell, '\n');
    several_lines_ = several_lines_ || lines.size() > 1;
    for (const std::string& line : lines) widths_[column] = std::max(widths_[column], display_width(line));
  }

  std::string rule() const {
    std::string out = "+";
    for (const std::size_t width : widths_) out += std::string(width + 2, '-') + "+";
    return out + "\n";
  }

  // The rule is plain ASCII; the title begins at its second character and leaves the last one.
  std::string titled(std::string rule) const {
    if (table_.title.empty()) return rule;
    const std::size_t room = rule.size() - 3;
    std::string title;
    std::size_t used = 0;
    for (std::size_t at = 0; at < table_.title.size();) {
      const std::size_t begin = at;
      next_code_point(table_.title, at);
      const std::string_view piece = std::string_view(table_.title).substr(begin, at - begin);
      if (used + display_width(piece) > room) break;
      used += display_width(piece);
      title += piece;
    }
    return rule.replace(1, used, title);
  }

  std::string row(const std::vector<std::string>& cells) const {
    std::vector<Lines> columns;
    std::size_t height = 1;
    for (const std::string& cell : cells) {
      columns.push_back(split(cell, '\n'));
      height = std::max(height, columns.back().size());
    }
    std::string out;
    for (std::size_t line = 0; line < height; ++line) {
      out += "|";
      for (std::size_t i = 0; i < widths_.size(); ++i) {
        const bool there = i < columns.size() && line < columns[i].size();
        const std::string text = there ? columns[i][line] : std::string();
        out += " " + padded(text, widths_[i], table_.columns[i].align) + " |";
      }
      out += "\n";
    }
    return out;
  }

  const TextTable& table_;
  std::vector<std::size_t> widths_;
  bool several_lines_ = false;
};

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = next_code_point(text, at);
    const int columns = point.valid ? wcwidth(static_cast<wchar_t>(point.value)) : 1;
    if (columns > 0) width += static_cast<std::size_t>(columns);
  }
  return width;
}

std::string render(const TextTable& table) {
  return Renderer(table).text();
}

}  // namespace tamada::ctl
