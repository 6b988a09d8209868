// What a script is given in its environment, and how it answers.
import { writeFileSync } from 'node:fs';

export const url = process.env.KELU_URL;
export const authorization = `Bearer ${process.env.KELU_KEY}`;

/** A value given as JSON. */
export const given = (name) => JSON.parse(process.env[`KELU_${name.toUpperCase()}`]);

/** The answer, as JSON; the script is over with it, whatever sockets are open. */
export const print = (answer) => {
  writeFileSync(1, JSON.stringify(answer));
  process.exit(0);
};
