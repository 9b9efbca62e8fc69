// The tables of `list`, `topology` and `history` and what stands below them (cli.md 5.1-5.3). Pure.
#pragma once

#include <string>

#include "ctl/output.h"
#include "model/cluster_view.h"

namespace tamada::ctl {

struct ListOptions {
  OutputFormat format = OutputFormat::Pretty;
  bool extended = false;
  bool tree = false;  // topology: pretty, in tree order
};

std::string format_members(std::string_view cluster, const ClusterView& view, const ListOptions& options,
                           Compatibility level);

// "Maintenance mode: on" and the scheduled switchover; empty when there is nothing to tell.
std::string format_footer(const ClusterView& view);

std::string format_history_table(const ClusterView& view, OutputFormat format, Compatibility level);

// True when the dynamic configuration says pause.
bool is_paused(const ClusterView& view);

}  // namespace tamada::ctl
