// SPDX-License-Identifier: GPL-2.0-only
// Revisions of the port: which upstream behaviour it shows. The table is behaviours.inc.
#pragma once

namespace port {

struct Behaviour {
  const char* flag;
  const char* commit;   // upstream commit, or "not fixed"
  const char* version;  // first version with it, or the finding it is the fix of
  const char* meaning;
  bool in_v6_1, in_v6_12, in_v7_3, in_fixed;
};

inline constexpr Behaviour behaviours[] = {
#define BEHAVIOUR(flag, commit, version, meaning, v6_1, v6_12, v7_3, fixed) \
  {#flag, commit, version, meaning, v6_1, v6_12, v7_3, fixed},
#include "behaviours.inc"
#undef BEHAVIOUR
};

struct Revision {
#define BEHAVIOUR(flag, commit, version, meaning, v6_1, v6_12, v7_3, fixed) bool flag;
#include "behaviours.inc"
#undef BEHAVIOUR
};

namespace revisions {
#define BEHAVIOUR(flag, commit, version, meaning, v6_1, v6_12, v7_3, fixed) v6_1,
inline constexpr Revision v6_1{
#include "behaviours.inc"
};
#undef BEHAVIOUR
#define BEHAVIOUR(flag, commit, version, meaning, v6_1, v6_12, v7_3, fixed) v6_12,
inline constexpr Revision v6_12{
#include "behaviours.inc"
};
#undef BEHAVIOUR
#define BEHAVIOUR(flag, commit, version, meaning, v6_1, v6_12, v7_3, fixed) v7_3,
inline constexpr Revision v7_3{
#include "behaviours.inc"
};
#undef BEHAVIOUR
#define BEHAVIOUR(flag, commit, version, meaning, v6_1, v6_12, v7_3, fixed) fixed,
inline constexpr Revision fixed{
#include "behaviours.inc"
};
#undef BEHAVIOUR
}  // namespace revisions

namespace variant_names {
#define PORT_REVISION(column, name) inline constexpr char column[] = "port@" name;
#include "revisions.inc"
#undef PORT_REVISION
}  // namespace variant_names

}  // namespace port
