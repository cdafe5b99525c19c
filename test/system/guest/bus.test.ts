// On whichever bus the guest was booted with.
import './boot.ts';
import './session.ts';
