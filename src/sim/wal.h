// WAL as the simulator sees it: what a data directory contains, by origin and not only by timeline number. PostgreSQL
// itself knows timeline numbers only; two promotions may take the same one (safety.md M5), so everything that
// PostgreSQL decides is decided here by numbers, and everything that checkers compare is compared by origin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/lsn.h"

namespace tamada::sim {

// One origin of WAL: written by one data directory since one initdb or one end of recovery.
struct WalOrigin {
  Timeline timeline;
  Lsn begin;
  int host = 0;
};

class WalOrigins {
 public:
  int add(WalOrigin origin) {
    origins_.push_back(origin);
    return static_cast<int>(origins_.size()) - 1;
  }
  const WalOrigin& at(int id) const { return origins_.at(static_cast<std::size_t>(id)); }

 private:
  std::vector<WalOrigin> origins_;
};

// WAL of one origin in (from, to].
struct WalPiece {
  int origin = 0;
  Lsn from;
  Lsn to;
  bool operator==(const WalPiece&) const = default;
};

struct HistoryEntry {  // as in a timeline history file
  Timeline timeline;
  Lsn end;
};

// The content of one data directory: pieces that follow each other without a gap.
class WalContent {
 public:
  explicit WalContent(const WalOrigins& origins) : origins_(&origins) {}

  bool empty() const { return pieces_.empty(); }
  void clear() { pieces_.clear(); }
  Lsn end() const { return pieces_.empty() ? Lsn{} : pieces_.back().to; }
  Timeline timeline() const { return pieces_.empty() ? Timeline{} : origins_->at(pieces_.back().origin).timeline; }
  int origin() const { return pieces_.empty() ? -1 : pieces_.back().origin; }
  const std::vector<WalPiece>& pieces() const { return pieces_; }

  void begin(int origin, Lsn at) { pieces_.push_back({origin, at, at}); }
  void grow(std::uint64_t bytes) { pieces_.back().to.bytes += bytes; }
  // Everything of `source` beyond our end follows ours, whatever ours is (as a walreceiver writes what it is sent).
  void append_from(const WalContent& source);
  void cut_at(Lsn end);

  bool contains(int origin, Lsn at) const;
  // All of ours is the beginning of `other`.
  bool prefix_of(const WalContent& other) const;
  // The position up to which both are the same.
  Lsn common_with(const WalContent& other) const;

  // Timelines before the present one, with the positions where they ended.
  std::vector<HistoryEntry> history() const;

 private:
  const WalOrigins* origins_;
  std::vector<WalPiece> pieces_;
};

// What a walsender answers to a standby that wants to go on from its end; nullopt: it streams.
std::optional<std::string> streaming_refused(const WalContent& standby, const WalContent& upstream);

// Where two histories part by their timeline numbers, as pg_rewind finds it. Unknown (0) = no common timeline.
Lsn divergence_by_numbers(const WalContent& target, const WalContent& source);

}  // namespace tamada::sim
