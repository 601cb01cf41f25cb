// JSON from the server.

/** The server cannot be reached or no longer has it: the banner or the next snapshot says so. */
export class Lost extends Error {}

export async function fetched(path) {
  try {
    const answer = await fetch(path);
    if (answer.ok) return await answer.json();
    if (answer.status === 404) throw new Lost(path);
    throw new Error(`${path} was answered with ${answer.status}`);
  } catch (error) {
    throw error instanceof TypeError ? new Lost(error.message) : error; // as fetch says it
  }
}
