#include "sim/wal.h"

#include <algorithm>

namespace tamada::sim {

void WalContent::append_from(const WalContent& source) {
  const Lsn mine = end();
  for (const auto& piece : source.pieces_) {
    if (piece.to <= mine) continue;
    const Lsn from = std::max(piece.from, mine);
    if (!pieces_.empty() && pieces_.back().origin == piece.origin && pieces_.back().to == from) {
      pieces_.back().to = piece.to;
    } else {
      pieces_.push_back({piece.origin, from, piece.to});
    }
  }
}

void WalContent::cut_at(Lsn at) {
  while (!pieces_.empty() && pieces_.back().from >= at && pieces_.size() > 1) pieces_.pop_back();
  if (!pieces_.empty()) pieces_.back().to = std::min(pieces_.back().to, at);
}

bool WalContent::contains(int origin, Lsn at) const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [&](const WalPiece& p) { return p.origin == origin && p.from < at && at <= p.to; });
}

bool WalContent::prefix_of(const WalContent& other) const {
  return common_with(other) == end();
}

Lsn WalContent::common_with(const WalContent& other) const {
  Lsn common;
  for (std::size_t i = 0; i < pieces_.size() && i < other.pieces_.size(); ++i) {
    const auto& mine = pieces_[i];
    const auto& theirs = other.pieces_[i];
    if (mine.origin != theirs.origin || mine.from != theirs.from) break;
    common = std::min(mine.to, theirs.to);
    if (mine.to != theirs.to) break;
  }
  return common;
}

std::vector<HistoryEntry> WalContent::history() const {
  std::vector<HistoryEntry> entries;
  for (std::size_t i = 0; i + 1 < pieces_.size(); ++i) {
    const Timeline now = origins_->at(pieces_[i].origin).timeline;
    const Timeline next = origins_->at(pieces_[i + 1].origin).timeline;
    if (now != next) entries.push_back({now, pieces_[i].to});
  }
  return entries;
}

std::optional<std::string> streaming_refused(const WalContent& standby, const WalContent& upstream) {
  const Timeline mine = standby.timeline();
  const Timeline theirs = upstream.timeline();
  if (mine > theirs) return "highest timeline of the primary is behind recovery timeline";
  if (mine == theirs) {
    if (standby.end() > upstream.end())
      return "requested starting point is ahead of the WAL flush position of this server";
    return std::nullopt;
  }
  for (const auto& entry : upstream.history()) {
    if (entry.timeline != mine) continue;
    if (standby.end() > entry.end) return "new timeline forked off current timeline before current recovery point";
    return std::nullopt;
  }
  return "requested timeline is not in this server's history";
}

Lsn divergence_by_numbers(const WalContent& target, const WalContent& source) {
  auto lines = [](const WalContent& c) {
    auto entries = c.history();
    entries.push_back({c.timeline(), c.end()});
    return entries;
  };
  const auto a = lines(target);
  const auto b = lines(source);
  Lsn common;
  for (std::size_t i = 0; i < a.size() && i < b.size() && a[i].timeline == b[i].timeline; ++i) {
    common = std::min(a[i].end, b[i].end);
    if (a[i].end != b[i].end) break;
  }
  return common;
}

}  // namespace tamada::sim
