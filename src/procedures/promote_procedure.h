// Promotion in the order of safety.md 2.2; the lock is held when it begins.
#pragma once

#include "procedures/context.h"

namespace tamada {

Task<Result<void>> promote(ProcedureContext& context);

}  // namespace tamada
