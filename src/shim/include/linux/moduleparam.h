/* SPDX-License-Identifier: GPL-2.0-only */
/* Module parameters. Nothing sets them, so their variables keep their initial values. */
#ifndef IOVAFUZZ_LINUX_MODULEPARAM_H
#define IOVAFUZZ_LINUX_MODULEPARAM_H

#define module_param(variable, type, mode)
#define module_param_named(name, variable, type, mode)
#define core_param(name, variable, type, mode)
#define MODULE_PARM_DESC(variable, text)

#endif
