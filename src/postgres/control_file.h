// pg_control: read directly by its layout (PostgreSQL 13-18, CRC checked), else from the text that pg_controldata
// prints. Both readers are pure and take any bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/postgres_status.h"

namespace tamada {

// Bytes of global/pg_control. Error Unsupported for a layout that is not in our table, Invalid for a file that is too
// short or whose CRC does not match (also seen, for a moment, while the server writes it).
Result<ControlData> parse_control_file(std::string_view bytes);

// Output of pg_controldata in the C locale. Lines without a colon are no data; when the output holds nothing of use
// they are the cause in the error (Failed). Unknown keys are skipped, missing ones leave their field unknown.
Result<ControlData> parse_pg_controldata(std::string_view output);

// "in production" -> InProduction and back; pg_controldata's English words.
ControlState parse_control_state(std::string_view text);
std::string_view to_string(ControlState state);

}  // namespace tamada
