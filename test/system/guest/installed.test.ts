// In this order: what is said of the boot is true only until something is started anew.
import './boot.ts';
import './hardening.ts';
import './session.ts';
import './service.ts';
