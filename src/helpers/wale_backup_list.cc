#include "helpers/wale_backup_list.h"

#include <bit>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace tamada {

namespace {

constexpr std::size_t kSegmentName = 24;

template <class N>
std::optional<N> number_of(std::string_view text, int base = 10) {
  N value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!trim(line).empty()) lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// One line by the names of the first.
class Row {
 public:
  Row(std::vector<std::string> names, std::vector<std::string> values)
      : names_(std::move(names)), values_(std::move(values)) {}

  std::string text(std::string_view name) {
    for (std::size_t i = 0; i < names_.size() && i < values_.size(); ++i) {
      if (trim(names_[i]) == name) return std::string(trim(values_[i]));
    }
    missing(name);
    return {};
  }
  template <class N>
  N number(std::string_view name) {
    const std::string value = text(name);
    if (error_) return {};
    const auto parsed = number_of<N>(value);
    if (!parsed) error_ = Error(ErrorCode::Protocol, fmt::format("column {} is no number: '{}'", name, value));
    return parsed.value_or(N{});
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  void missing(std::string_view name) {
    if (!error_) error_ = Error(ErrorCode::Protocol, fmt::format("the backup list has no column {}", name));
  }
  std::vector<std::string> names_;
  std::vector<std::string> values_;
  std::optional<Error> error_;
};

bool is_segment(std::string_view name) {
  return name.size() == kSegmentName && name.find_first_not_of("0123456789ABCDEFabcdef") == std::string_view::npos;
}

}  // namespace

Result<WaleBackup> parse_wale_backup_list(std::string_view text) {
  const auto lines = lines_of(text);
  if (lines.size() < 2) return Error(ErrorCode::NotFound, "wal-e did not find any backups");
  if (lines.size() > 2) {
    return Error(ErrorCode::Conflict,
                 fmt::format("wal-e returned more than one row of backups ({})", lines.size() - 1));
  }
  Row row(split(lines[0], '\t'), split(lines[1], '\t'));
  WaleBackup backup;
  backup.name = row.text("name");
  backup.last_modified = row.text("last_modified");
  backup.expanded_size_bytes = row.number<std::int64_t>("expanded_size_bytes");
  backup.start_segment = row.text("wal_segment_backup_start");
  backup.start_offset = row.number<std::uint32_t>("wal_segment_offset_backup_start");
  if (row.error()) return *row.error();
  if (backup.expanded_size_bytes < 0) return Error(ErrorCode::Protocol, "the expanded size of the backup is negative");
  if (!is_segment(backup.start_segment)) {
    return Error(ErrorCode::Protocol, fmt::format("'{}' is no name of a WAL segment", backup.start_segment));
  }
  return backup;
}

Result<Lsn> wale_start(const WaleBackup& backup, std::uint32_t segment_bytes) {
  if (!std::has_single_bit(segment_bytes) || segment_bytes < (1u << 20) || segment_bytes > (1u << 30)) {
    return Error(ErrorCode::Invalid, fmt::format("WAL segments of {} bytes do not exist", segment_bytes));
  }
  const std::string_view name = backup.start_segment;
  const auto high = number_of<std::uint32_t>(name.substr(8, 8), 16);
  const auto low = number_of<std::uint32_t>(name.substr(16, 8), 16);
  const std::uint64_t per_file = (std::uint64_t{1} << 32) / segment_bytes;
  if (!high || !low || *low >= per_file || backup.start_offset >= segment_bytes) {
    return Error(ErrorCode::Protocol,
                 fmt::format("the backup begins at {} + {}, which segments of {} bytes do not have", name,
                             backup.start_offset, segment_bytes));
  }
  return Lsn{(std::uint64_t{*high} << 32) + std::uint64_t{*low} * segment_bytes + backup.start_offset};
}

}  // namespace tamada
