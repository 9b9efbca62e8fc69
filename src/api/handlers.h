// The handlers of the table in routes.cc, by what they are about.
#pragma once

#include "api/api_context.h"
#include "base/task.h"

namespace tamada {

// status_handlers.cc
Task<HttpReply> get_patroni(ApiCall call);
Task<HttpReply> get_liveness(ApiCall call);
Task<HttpReply> get_readiness(ApiCall call);
Task<HttpReply> get_metrics(ApiCall call);
Task<HttpReply> get_explain(ApiCall call);
Task<HttpReply> get_events(ApiCall call);
Task<HttpReply> get_dashboard(ApiCall call);
Task<HttpReply> post_dashboard(ApiCall call);
Task<HttpReply> get_health(ApiCall call);  // every other path

// cluster_handlers.cc
Task<HttpReply> get_cluster(ApiCall call);
Task<HttpReply> get_history(ApiCall call);
Task<HttpReply> get_failsafe(ApiCall call);
Task<HttpReply> post_failsafe(ApiCall call);
Task<HttpReply> get_config(ApiCall call);
Task<HttpReply> patch_config(ApiCall call);
Task<HttpReply> put_config(ApiCall call);
Task<HttpReply> get_settings(ApiCall call);
Task<HttpReply> post_settings(ApiCall call);

// switchover_handlers.cc
Task<HttpReply> post_switchover(ApiCall call);
Task<HttpReply> post_failover(ApiCall call);
Task<HttpReply> delete_switchover(ApiCall call);

// postgres_handlers.cc
Task<HttpReply> post_restart(ApiCall call);
Task<HttpReply> delete_restart(ApiCall call);
Task<HttpReply> post_reinitialize(ApiCall call);
Task<HttpReply> post_reload(ApiCall call);
Task<HttpReply> post_detach(ApiCall call);
Task<HttpReply> post_sigterm(ApiCall call);

}  // namespace tamada
