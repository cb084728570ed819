// A whole client: enters the room in the address, or opens one, sends camera and microphone, and shows everybody else.
import { Device } from 'mediasoup-client';
import { io } from 'socket.io-client';

const socket = io({ transports: ['websocket'] });
const ask = async (event, ...payload) => {
  const answer = await socket.emitWithAck(event, ...payload);
  if (answer.error) throw new Error(`${event}: ${answer.error}`);
  return answer;
};

const roomId = location.hash.slice(1);
const room = roomId ? await ask('joinRoom', { roomId }) : await ask('createRoom');
location.hash = room.roomId;
const device = await Device.factory();
await device.load({ routerRtpCapabilities: room.rtpCapabilities });

const sending = device.createSendTransport(await ask('createProducerTransport'));
sending.on('connect', (dtls, done, failed) => ask('connectProducerTransport', dtls).then(done, failed));
sending.on('produce', (track, done, failed) => ask('produce', track).then(done, failed));
const receiving = device.createRecvTransport(await ask('createConsumerTransport'));
receiving.on('connect', (dtls, done, failed) => ask('connectConsumerTransport', dtls).then(done, failed));

const shown = new Map(); // producer id → its element
const show = ({ producers }) => {
  const others = producers.filter(({ peerId }) => peerId !== room.peerId);
  const ids = others.flatMap((peer) => [peer.videoProducerId, peer.audioProducerId]).filter(Boolean);
  for (const [id, element] of shown) if (!ids.includes(id)) (element.remove(), shown.delete(id));
  for (const producerId of ids.filter((id) => !shown.has(id))) {
    const element = document.body.appendChild(Object.assign(document.createElement('video'), { autoplay: true }));
    shown.set(producerId, element);
    ask('consume', { producerId, rtpCapabilities: device.recvRtpCapabilities })
      .then((consumer) => receiving.consume(consumer))
      .then(({ track }) => (element.srcObject = new MediaStream([track])));
  }
};
socket.on('roomProducersChanged', show);
show(await ask('listProducers'));

const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
for (const track of media.getTracks()) await sending.produce({ track });
document.querySelector('button').onclick = () => ask('stopProducing');
