// A replication slot as PostgreSQL shows it (pg_replication_slots).
#pragma once

#include <cstdint>
#include <string>

#include "model/lsn.h"

namespace tamada {

struct SlotInfo {
  std::string name;
  bool physical = true;
  bool active = false;
  std::string plugin;    // logical slots
  std::string database;  // logical slots
  Lsn restart_lsn;       // the oldest WAL it needs; unknown when it never reserved any
  Lsn confirmed_flush_lsn;
  bool has_xmin = false;  // it holds back vacuum
  std::string wal_status;
  bool temporary = false;
  bool failover = false;           // 17: PostgreSQL itself keeps it on standbys
  std::uint32_t catalog_xmin = 0;  // 0 = none
  bool invalid = false;            // its WAL or its catalog rows are gone; it cannot be used any more

  bool operator==(const SlotInfo&) const = default;
};

}  // namespace tamada
