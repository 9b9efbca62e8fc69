// Random numbers of the simulator: the same sequence from the same seed on every machine and library. Not <random>,
// whose distributions differ between implementations.
#pragma once

#include <array>
#include <cstdint>

#include "base/invariant.h"
#include "base/time.h"

namespace tamada::sim {

class Prng {
 public:
  explicit Prng(std::uint64_t seed) {
    for (auto& word : state_) word = split_mix(seed);
  }

  std::uint64_t next() {  // xoshiro256**
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  // Uniform in [0, bound).
  std::uint64_t below(std::uint64_t bound) {
    INVARIANT(bound > 0);
    return next() % bound;
  }
  // Uniform in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
  }
  Duration between(Duration low, Duration high) { return Duration(between(low.count(), high.count())); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  bool permille(std::uint64_t n) { return below(1000) < n; }
  // Mostly near `low`, now and then far away: what latencies look like.
  Duration skewed(Duration low, Duration high) {
    const std::uint64_t cube = below(1000) * below(1000) * below(1000) / 1000000;  // 0..999
    return low + (high - low) * static_cast<std::int64_t>(cube) / 1000;
  }
  // An independent sequence; the parent's own sequence moves by one step.
  Prng fork() { return Prng(next()); }

 private:
  static std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  static std::uint64_t split_mix(std::uint64_t& x) {
    std::uint64_t z = (x += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace tamada::sim
