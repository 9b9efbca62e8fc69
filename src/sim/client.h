// The application on one host: writes to the local PostgreSQL every 50 to 100 ms while that accepts writes, now and
// then a lot at once.
#pragma once

#include <memory>

#include "sim/postgres.h"

namespace tamada::sim {

class SimClient {
 public:
  explicit SimClient(SimPostgres& postgres) : postgres_(postgres) {}
  // To be called when the server becomes writable; ends by itself.
  void begin();

 private:
  void tick(std::uint64_t run);
  SimPostgres& postgres_;
  std::uint64_t run_ = 0;
  bool waiting_ = false;
};

}  // namespace tamada::sim
