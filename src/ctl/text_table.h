// Tables as operators and scripts know them: a border of + - |, one blank beside each cell, wide characters counted by
// the columns they take on a terminal. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tamada::ctl {

enum class Align { Left, Right, Center };

struct TableColumn {
  std::string heading;
  Align align = Align::Left;
};

struct TextTable {
  std::vector<TableColumn> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells as columns; a cell may have several lines
  std::string title;                           // laid over the top border; empty = none
};

// Ends with a newline. When any cell has several lines a rule is drawn between all rows.
std::string render(const TextTable& table);

// Terminal columns of UTF-8 text; control characters take none, bytes that are no UTF-8 take one each.
std::size_t display_width(std::string_view text);

}  // namespace tamada::ctl
