#include "base/invariant.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace tamada {

namespace {
std::function<void()>& dump_slot() {
  static std::function<void()> dump;
  return dump;
}
}  // namespace

void set_invariant_dump(std::function<void()> dump) {
  dump_slot() = std::move(dump);
}

void invariant_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "invariant broken: %s at %s:%d\n", condition, file, line);
  if (auto dump = std::exchange(dump_slot(), nullptr)) dump();
  std::abort();
}

}  // namespace tamada
