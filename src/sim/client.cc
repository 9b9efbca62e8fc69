#include "sim/client.h"

namespace tamada::sim {

void SimClient::begin() {
  waiting_ = false;
  tick(++run_);
}

void SimClient::tick(std::uint64_t run) {
  if (run != run_ || !postgres_.writable()) return;
  SimWorld& world = postgres_.world();
  if (!waiting_) {
    waiting_ = true;
    const auto bytes =
        world.random().one_in(40) ? world.random().between(100000, 900000) : world.random().between(120, 400);
    postgres_.write(static_cast<std::uint64_t>(bytes), [this, run](bool) {
      if (run == run_) waiting_ = false;
    });
  }
  world.after(world.random().between(Duration(50ms), Duration(100ms)), postgres_.host(), [this, run] { tick(run); });
}

}  // namespace tamada::sim
