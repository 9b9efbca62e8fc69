// The commands. Each does its whole work and writes what scripts read; an Error ends the program with "Error:
// <message>" and exit code 1. REST answers that report a failure are printed and are no Error (cli.md 1.1).
#pragma once

#include "ctl/arguments.h"
#include "ctl/command_context.h"

namespace tamada::ctl {

Result<void> run_list(CommandContext& context, const Arguments& arguments);
Result<void> run_topology(CommandContext& context, const Arguments& arguments);
Result<void> run_history(CommandContext& context, const Arguments& arguments);
Result<void> run_dsn(CommandContext& context, const Arguments& arguments);
Result<void> run_version(CommandContext& context, const Arguments& arguments);
Result<void> run_explain(CommandContext& context, const Arguments& arguments);
Result<void> run_events(CommandContext& context, const Arguments& arguments);
Result<void> run_doctor(CommandContext& context, const Arguments& arguments);
Result<void> run_detach(CommandContext& context, const Arguments& arguments);
Result<void> run_switchover(CommandContext& context, const Arguments& arguments);
Result<void> run_failover(CommandContext& context, const Arguments& arguments);
Result<void> run_restart(CommandContext& context, const Arguments& arguments);
Result<void> run_reinit(CommandContext& context, const Arguments& arguments);
Result<void> run_reload(CommandContext& context, const Arguments& arguments);
Result<void> run_flush(CommandContext& context, const Arguments& arguments);
Result<void> run_pause(CommandContext& context, const Arguments& arguments);
Result<void> run_resume(CommandContext& context, const Arguments& arguments);
Result<void> run_demote_cluster(CommandContext& context, const Arguments& arguments);
Result<void> run_promote_cluster(CommandContext& context, const Arguments& arguments);
Result<void> run_show_config(CommandContext& context, const Arguments& arguments);
Result<void> run_edit_config(CommandContext& context, const Arguments& arguments);
Result<void> run_completion(CommandContext& context, const Arguments& arguments);
Result<void> run_remove(CommandContext& context, const Arguments& arguments);

}  // namespace tamada::ctl
