import type Docker from 'dockerode';
import { errorCode } from '../error-code.js';
import { statusOf } from './docker-status.js';
import { filterArch } from './seccomp-rules.js';

interface CheckOptions {
  image: string;
  runtime: string | undefined;
}

/** The part of `docker info` that decides. */
interface EngineInfo {
  Runtimes?: Record<string, unknown>;
  SecurityOptions?: string[];
}

/** Whether the engine can hold sandboxes: it answers, is on this machine, and has the image and the runtime. */
export async function checkDocker(docker: Docker, options: CheckOptions): Promise<{ ok: boolean; why?: string }> {
  if (!filterArch()) return no(`there is no system call filter for ${process.arch} (only x64 and arm64)`);
  let info: EngineInfo;
  try {
    // The client types it as any.
    info = (await docker.info()) as EngineInfo;
  } catch (error) {
    return no(`no Docker engine answers (${reason(error)}): start dockerd, or set DOCKER_HOST`);
  }
  return (await checkEngine(docker, info, options)) ?? { ok: true };
}

async function checkEngine(docker: Docker, info: EngineInfo, { image, runtime }: CheckOptions) {
  const security = info.SecurityOptions ?? [];
  if (security.some((option) => option.includes('rootless'))) {
    return no('a rootless Docker engine cannot share the workspace with its containers yet');
  }
  if (runtime !== undefined && !(runtime in (info.Runtimes ?? {}))) {
    return no(`the Docker engine has no runtime "${runtime}", only ${Object.keys(info.Runtimes ?? {}).join(', ')}`);
  }
  try {
    await docker.getImage(image).inspect();
  } catch (error) {
    if (statusOf(error) === 404) return no(`the image ${image} is missing: build it with images/sandbox/build.sh`);
    return no(`the engine cannot say whether it has the image ${image} (${reason(error)})`);
  }
  return undefined;
}

const no = (why: string) => ({ ok: false, why });

const reason = (error: unknown): string => errorCode(error) ?? (error instanceof Error ? error.message : String(error));
