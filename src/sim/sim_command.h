// The command line of tamada-sim: seeds, jobs, replay of one seed with some of its steps.
#pragma once

namespace tamada::sim {

// 0: no violation; 1: at least one; 2: wrong usage.
int sim_command(int argc, char** argv);

}  // namespace tamada::sim
