// tamada-sim: runs the HA code over seeds of the simulator and says where an invariant broke.
#include "sim/sim_command.h"

int main(int argc, char** argv) {
  return tamada::sim::sim_command(argc, argv);
}
