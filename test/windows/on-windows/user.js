// Runs under the Windows Node: says who runs it. Started by windows-user.ts.
import { userInfo } from 'node:os';

console.log(JSON.stringify({ name: userInfo().username, localAppData: process.env.LOCALAPPDATA }));
