// What a member tells of its settings and its host, for tamadactl doctor: `self` of GET /explain. Nothing secret. Pure.
#pragma once

#include "base/json.h"
#include "engine/snapshot.h"

namespace tamada {

json::object self_report(const Snapshot& snapshot);

}  // namespace tamada
