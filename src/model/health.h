// How well PostgreSQL and its storage are, as looks from outside found it (docs/health.md), and what the settings say
// about it. Plain values; engine/health_keeper.h fills them, core/health_judgement.h judges.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tamada {

enum class HealthCheck { Connection, Commit, Process, Storage, Full };
constexpr std::array kHealthChecks{HealthCheck::Connection, HealthCheck::Commit, HealthCheck::Process,
                                   HealthCheck::Storage, HealthCheck::Full};
std::string_view to_string(HealthCheck check);  // as in the settings: "connection"

template <class T>
struct PerHealthCheck : std::array<T, kHealthChecks.size()> {
  using std::array<T, kHealthChecks.size()>::operator[];
  T& operator[](HealthCheck check) { return (*this)[static_cast<std::size_t>(check)]; }
  const T& operator[](HealthCheck check) const { return (*this)[static_cast<std::size_t>(check)]; }
};

enum class HealthPolicy { Off, Report, Failover };

struct HealthCheckSettings {
  HealthPolicy policy = HealthPolicy::Off;
  std::chrono::seconds after{0};  // trouble that lasted so long makes this member sick
};

// postgresql.health
struct HealthSettings {
  std::chrono::seconds interval{10};
  int free_space_percent = 10;
  PerHealthCheck<HealthCheckSettings> checks;
};

struct CheckState {
  enum class Kind { Unknown, Good, Trouble };
  Kind kind = Kind::Unknown;
  Instant since = kLongAgo;  // Trouble: when the first look that found it began
  std::string text;          // Trouble: what was found
};

struct VolumeSpace {
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;  // for PostgreSQL's user
};

struct HealthReport {
  PerHealthCheck<CheckState> checks;
  // Told, whatever the policies say: no places for clients, refused credentials, little space. Empty = nothing.
  std::string notice;
  std::optional<VolumeSpace> data_volume;
  std::optional<VolumeSpace> wal_volume;
};

}  // namespace tamada
